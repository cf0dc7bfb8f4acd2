# The stage's side of the protocol, between a scripted master and a scripted kind.
sheaf_test(stage_session_test unit stage_session_test.cc stage_session_loss_test.cc wire_samples.cc LIBS sheaf::stage_session)
sheaf_test(hub_stage_test unit hub_stage_test.cc wire_samples.cc LIBS sheaf::master_hub)
