# The ground: one program per layer, so that the test of a layer links nothing above it.
sheaf_test(common_base_test unit digest_test.cc exit_code_test.cc result_test.cc seq_set_test.cc text_test.cc LIBS sheaf::common_base)
sheaf_test(common_runtime_test threads blob_test.cc bytes_test.cc child_test.cc kept_text_test.cc log_test.cc private_directory_test.cc private_state_test.cc task_threads_test.cc throttle_test.cc toml_test.cc
  LIBS sheaf::common_runtime)
sheaf_test(common_wire_test threads
  endpoint_test.cc message_test.cc outbox_test.cc peer_link_test.cc stage_setup_test.cc transfer_test.cc validate_test.cc
  wire_samples.cc
  LIBS sheaf::common_wire)
sheaf_test(common_local_test threads local_stream_test.cc LIBS sheaf::common_local)
sheaf_test(common_kinds_test unit kinds_test.cc LIBS sheaf::common_kinds)
sheaf_test(common_cli_test unit endpoint_setting_test.cc error_lines_test.cc settings_test.cc LIBS sheaf::common_cli)
# This one talks to ZeroMQ behind the back of common/net: peers that keep to no rule of ours.
sheaf_test(common_net_test threads channel_test.cc gate_test.cc hello_test.cc key_directory_test.cc outbox_channel_test.cc wire_samples.cc LIBS sheaf::common_net)
# The master around its core: the hub between scripted peers, and what it keeps on disk.
sheaf_test(master_hub_test unit fed_jobs_test.cc hub_batch_test.cc hub_keys_test.cc hub_loss_test.cc hub_observers_test.cc hub_payload_test.cc hub_test.cc peer_outboxes_test.cc peers_test.cc spool_test.cc wire_samples.cc LIBS sheaf::master_hub)
sheaf_test(master_server_test unit audit_file_test.cc master_options_test.cc stage_children_test.cc state_directory_test.cc LIBS sheaf::master_server)
