#pragma once

namespace sheaf::worker {

/// main() of sheaf-worker: reads the command line, starts the spawner, then the link, and works until told to leave. Returns
/// the exit code; the spawner and all executors have ended by then. The caller ends the process with it at once.
int worker_main(int argc, const char* const* argv);

}  // namespace sheaf::worker
