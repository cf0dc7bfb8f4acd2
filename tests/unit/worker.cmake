sheaf_test(worker_core_test unit executor_table_test.cc job_queue_test.cc worker_session_ahead_test.cc worker_session_lease_test.cc
  worker_session_test.cc worker_session_transfer_test.cc
  LIBS sheaf::worker_core)

# A program that is started as an executor is, with a kind that does what its payloads say.
add_executable(fake_executor EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/fake_executor.cc)
target_link_libraries(fake_executor PRIVATE sheaf::worker_executor sheaf::warnings)
set_target_properties(fake_executor PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

sheaf_test(worker_io_test threads commands_test.cc executor_host_test.cc last_lines_test.cc spawner_test.cc worker_options_test.cc worker_process_test.cc
  LIBS sheaf::worker_executor sheaf::worker_link
  NEEDS fake_executor sheaf-worker)
