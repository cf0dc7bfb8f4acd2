// sheaf-stage-command: makes jobs of a batch's items and writes what their commands have written. Its stdin, stdout and stderr
// are those of the command that has started it.

#include "stage/command/command_run.h"
#include "stage/stage_main.h"

int main() {
  return sheaf::stage::stage_main("sheaf-stage-command", sheaf::stage::open_command_run);
}
