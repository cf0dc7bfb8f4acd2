# The stage's side of the protocol, between a scripted master and a scripted kind.
sheaf_test(stage_session_test unit stage_session_test.cc stage_session_loss_test.cc wire_samples.cc LIBS sheaf::stage_session)
# The same in the loop that the program runs: a real socket, and the kind on its own thread.
sheaf_test(stage_loop_test threads stage_loop_test.cc wire_samples.cc LIBS sheaf::stage_loop)
sheaf_test(hub_stage_test unit hub_stage_test.cc wire_samples.cc LIBS sheaf::master_hub)
