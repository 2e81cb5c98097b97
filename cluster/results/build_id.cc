// ELF-64, System V ABI: program headers of type PT_NOTE hold notes, each a header, a name and a
// description, the latter two padded to 4 bytes. The linker's has the name "GNU".
#include "cluster/results/build_id.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

#include "cluster/results/sha256.h"

namespace soliton {
namespace {

constexpr std::string_view kOwner{"GNU", 4};  // with its zero
// Linkers put headers and notes in front, however large a program is with its debugging symbols.
constexpr std::size_t kFrontBytes = std::size_t{1} << 20;

// A structure at `offset` of a file, unless it leads beyond its end.
template <typename T>
std::optional<T> read_at(std::string_view file, std::size_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, file.data() + offset, sizeof out);
  return out;
}

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::string_view cut(std::string_view bytes, std::size_t from, std::size_t size) {
  return from > bytes.size() ? std::string_view() : bytes.substr(from, size);
}

// "" when there is none among `notes`.
std::string_view find_id(std::string_view notes) {
  while (const std::optional<Elf64_Nhdr> note = read_at<Elf64_Nhdr>(notes, 0)) {
    const std::size_t text = sizeof *note + padded(note->n_namesz);
    if (note->n_type == NT_GNU_BUILD_ID && cut(notes, sizeof *note, note->n_namesz) == kOwner)
      return cut(notes, text, note->n_descsz);
    notes = cut(notes, text + padded(note->n_descsz), notes.size());
  }
  return {};
}

std::string_view id_of(std::string_view file) {
  const std::optional<Elf64_Ehdr> head = read_at<Elf64_Ehdr>(file, 0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
      head->e_ident[EI_CLASS] != ELFCLASS64)
    return {};
  for (std::size_t i = 0; i < head->e_phnum; ++i) {
    const auto part = read_at<Elf64_Phdr>(file, head->e_phoff + i * head->e_phentsize);
    if (!part || part->p_type != PT_NOTE) continue;
    const std::string_view id = find_id(cut(file, part->p_offset, part->p_filesz));
    if (!id.empty()) return id;
  }
  return {};
}

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

std::string build_id(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  if (!file) return "";
  std::string part(kFrontBytes, '\0');
  Sha256 digest;
  bool first = true;
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())), file.gcount() > 0) {
    const std::string_view got(part.data(), static_cast<std::size_t>(file.gcount()));
    if (const std::string_view id = first ? id_of(got) : ""; !id.empty()) return hexadecimal(id);
    digest.update(got);
    first = false;
  }
  return digest.hex();
}

}  // namespace soliton
