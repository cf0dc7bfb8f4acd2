// sheaf-worker: a link to a master, a spawner, and the executors that it starts. Links neither libav nor OpenCV.

#include <cstdlib>

#include "worker/link/worker_main.h"

int main(int argc, char** argv) {
  // At once: ZeroMQ 4.3.4 may free a pipe twice when its sockets are taken down (libzmq issue 4806), and nothing is left to be
  // saved.
  std::_Exit(sheaf::worker::worker_main(argc, argv));
}
