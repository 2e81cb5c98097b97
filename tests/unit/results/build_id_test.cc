#include "cluster/results/build_id.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string note(std::uint32_t type, const std::string& owner, const std::string& content) {
  const auto padded = [](std::string text) {
    text.resize((text.size() + 3) & ~std::size_t{3});
    return text;
  };
  const Elf64_Nhdr head{static_cast<Elf64_Word>(owner.size()),
                        static_cast<Elf64_Word>(content.size()), type};
  return bytes_of(head) + padded(owner) + padded(content);
}

// A program of one segment: notes.
std::string elf(const std::string& notes) {
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 1;
  Elf64_Phdr part{};
  part.p_type = PT_NOTE;
  part.p_offset = sizeof head + sizeof part;
  part.p_filesz = notes.size();
  return bytes_of(head) + bytes_of(part) + notes;
}

class BuildId : public testing::Test {
 protected:
  std::string of(const std::string& content) const {
    EXPECT_TRUE(write_file(scratch_ / "program", content));
    return build_id(scratch_ / "program");
  }
  ScratchFolder scratch_;
};

const std::string kGnu("GNU", 4);

TEST_F(BuildId, IsTheLinkersNoteAmongOthers) {
  const std::string id("\x01\xff\x10", 3);
  EXPECT_EQ(of(elf(note(NT_GNU_BUILD_ID, kGnu, id))), "01ff10");
  EXPECT_EQ(of(elf(note(NT_GNU_ABI_TAG, kGnu, "12345") + note(NT_GNU_BUILD_ID, "Other", "no") +
                   note(NT_GNU_BUILD_ID, kGnu, id))),
            "01ff10");
}

// Debugging symbols and sanitizers make programs of hundreds of MiB; the notes stay in front.
TEST_F(BuildId, OfAVeryLargeProgramIsItsNoteToo) {
  const std::string file = scratch_ / "large";
  ASSERT_TRUE(write_file(file, elf(note(NT_GNU_BUILD_ID, kGnu, "\x01\xab"))));
  ASSERT_EQ(truncate(file.c_str(), std::int64_t{1} << 30), 0);
  EXPECT_EQ(build_id(file), "01ab");
}

TEST_F(BuildId, WithoutANoteIsADigestOfTheFile) {
  constexpr std::size_t kDigits = 64;
  EXPECT_EQ(of("#!/bin/sh\n").size(), kDigits);
  EXPECT_NE(of("#!/bin/sh\n"), of("#!/bin/sh\n\n"));
  const std::string whole = elf(note(NT_GNU_BUILD_ID, kGnu, "12345678901234567890"));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{3}, sizeof(Elf64_Ehdr), whole.size() - 24})
    EXPECT_EQ(of(whole.substr(0, size)).size(), kDigits) << size;
}

TEST_F(BuildId, OfTheRunningProgramIsTheLinkersDigestAndOfNoFileNothing) {
  constexpr std::size_t kSha1Digits = 40;
  EXPECT_EQ(build_id().size(), kSha1Digits);
  EXPECT_EQ(build_id(), build_id());
  EXPECT_EQ(build_id(scratch_ / "none"), "");
}

}  // namespace
}  // namespace soliton
