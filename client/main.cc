#include <cstdlib>
#include <string>
#include <vector>

#include "client/main_command.h"
#include "common/cli/standard_output.h"

int main(int argc, char** argv) {
  sheaf::cli::open_standard_streams();
  sheaf::cli::ignore_closed_pipes();
  const int code = sheaf::client::run_main_command(std::vector<std::string>(argv + 1, argv + argc));
  // At once: see run_client.cc on ZeroMQ. Everything has been written with write(2); no stream waits to be flushed.
  std::_Exit(code);
}
