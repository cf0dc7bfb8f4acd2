sheaf_test(client_test unit
  ${CMAKE_CURRENT_SOURCE_DIR}/observer_session_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/progress_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/run_description_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/run_session_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/summary_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/video_files_test.cc
  ${CMAKE_CURRENT_SOURCE_DIR}/video_options_test.cc ${CMAKE_CURRENT_SOURCE_DIR}/wire_samples.cc
  LIBS sheaf::client)
