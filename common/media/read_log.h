#pragma once

#include <string>

#include "common/media/av.h"

namespace sheaf::media {

/// What libavformat says while it reads a file. It jumps over holes, takes a file that breaks off for one that ends, and tells
/// of both only in its log.
///
/// listen_to_libav() must have been called. Everything that a thread makes libavformat read while a Listening lives goes to its
/// log.
class ReadLog {
 public:
  class Listening {
   public:
    explicit Listening(ReadLog& log);
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    ReadLog* outer_;
  };

  /// The first sentence that says that something is wrong with the file; empty: none.
  const std::string& complaint() const { return complaint_; }

 private:
  friend void listen_to_libav();
  static void on_message(void* sender, int level, const char* format, va_list arguments);

  std::string complaint_;
};

/// Takes libav's log for the whole process; nothing of it is printed.
void listen_to_libav();

}  // namespace sheaf::media
