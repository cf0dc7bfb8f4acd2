# The file side of video. video_exact_test runs stage and executor in one process: it links both, as no program of sheaf does. Its label
# is its own, because it reads real footage: minutes under a sanitizer.
sheaf_test(stage_video_test unit cut_plan_test.cc payload_test.cc LIBS sheaf::stage_video)
sheaf_test(complete_input_test unit complete_input_test.cc media_fixture.cc LIBS sheaf::common_media)
sheaf_test(video_exact_test exact
  video_exact_test.cc video_refusal_test.cc video_streams_test.cc video_run.cc media_fixture.cc
  LIBS sheaf::stage_video sheaf::worker_kind_video)
