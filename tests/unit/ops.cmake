# What happens to frames: the words of ops, their pixels, codecs, and the kind "video".
sheaf_test(ops_test unit op_catalogue_test.cc op_parse_test.cc LIBS sheaf::common_ops nlohmann_json::nlohmann_json)
sheaf_test(worker_ops_test unit frame_ops_test.cc gaussian_test.cc resampler_test.cc weighted_sums_test.cc LIBS sheaf::worker_ops opencv::core)
sheaf_test(codec_test unit convert_test.cc encoder_test.cc LIBS sheaf::common_media)
sheaf_test(video_kind_test unit loaded_code_test.cc video_kind_test.cc LIBS sheaf::worker_kind_video sheaf::common_media sheaf::common_ops)
