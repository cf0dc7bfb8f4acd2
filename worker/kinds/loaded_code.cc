#include "worker/kinds/loaded_code.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

namespace sheaf::worker {

namespace {

/// The build id in the notes at `data`; empty when there is none.
std::span<const std::byte> build_id_in(std::span<const std::byte> notes) {
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name_at = sizeof header;
    const std::size_t content_at = name_at + padded(header.n_namesz);
    const std::size_t end = content_at + padded(header.n_descsz);
    if (end > notes.size()) return {};
    const std::string_view name(reinterpret_cast<const char*>(notes.data()) + name_at, header.n_namesz);
    if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view(ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)) {
      return notes.subspan(content_at, header.n_descsz);
    }
    notes = notes.subspan(end);
  }
  return {};
}

struct Found {
  Hasher hasher;
  bool all = true;
};

/// For dl_iterate_phdr(): one program or library.
int add_object(dl_phdr_info* info, std::size_t, void* data) {
  Found& found = *static_cast<Found*>(data);
  // The kernel's own page of code comes with every process and is no part of a result.
  if (std::string_view(info->dlpi_name).starts_with("linux-vdso")) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const std::byte*>(info->dlpi_addr + segment.p_vaddr);
    if (const auto id = build_id_in({notes, segment.p_memsz}); !id.empty()) {
      found.hasher.update(id);
      return 0;
    }
  }
  found.all = false;
  return 0;
}

/// "flags : fpu vme ..." of the first processor, and on other machines than x86 what stands in its place.
std::string processor_features() {
  std::ifstream info("/proc/cpuinfo");
  std::string features;
  for (std::string line; std::getline(info, line) && !line.empty();) {
    if (line.starts_with("flags") || line.starts_with("Features") || line.starts_with("isa") || line.starts_with("cpu\t")) {
      features += line;
    }
  }
  return features;
}

}  // namespace

std::optional<Digest> loaded_code() {
  Found found;
  dl_iterate_phdr(add_object, &found);
  const std::string features = processor_features();
  if (!found.all || features.empty()) return std::nullopt;
  found.hasher.update(std::as_bytes(std::span(features)));
  return found.hasher.digest();
}

}  // namespace sheaf::worker
