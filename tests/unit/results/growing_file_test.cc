#include "cluster/results/growing_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

GrowingFile file_at(const std::string& path) {
  return GrowingFile(FileHandle(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)), path);
}

std::string line_of(std::size_t length) { return std::string(length - 1, 'x') + "\n"; }

TEST(PieceLength, IsWholeLinesUpToThePagesEnd) {
  const std::string lines = line_of(1000) + line_of(1000) + line_of(1000);
  EXPECT_EQ(piece_length(lines, 0), 3000u);
  EXPECT_EQ(piece_length(lines, 4096 - 3000), 3000u);
  EXPECT_EQ(piece_length(lines, 4096 - 2999), 2000u);
  EXPECT_EQ(piece_length(lines, 4096 - 1000), 1000u);
}

TEST(PieceLength, ALineAcrossABorderGoesAlone) {
  const std::string lines = line_of(1000) + line_of(10);
  EXPECT_EQ(piece_length(lines, 4096 - 999), 1000u);
  EXPECT_EQ(piece_length(lines, 4095), 1000u);
  EXPECT_EQ(piece_length(line_of(10'000) + line_of(10), 0), 10'000u);
}

TEST(PieceLength, PiecesOfATextAreTheText) {
  std::string text;
  for (std::size_t length = 1; length < 300; ++length) text += line_of(length);
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t length = piece_length(std::string_view(text).substr(done), done);
    ASSERT_GT(length, 0u);
    const std::string_view piece = std::string_view(text).substr(done, length);
    EXPECT_EQ(piece.back(), '\n');
    if (done / 4096 != (done + length - 1) / 4096) {
      EXPECT_EQ(piece.find('\n'), piece.size() - 1);
    }
    done += length;
  }
}

TEST(GrowingFile, HoldsWhatWasAppendedToTheByte) {
  const ScratchFolder folder;
  GrowingFile file = file_at(folder / "requests.csv");
  std::string all;
  for (std::size_t length : {5u, 4000u, 90u, 10'000u, 1u}) {
    const std::string lines = line_of(length) + line_of(length);
    all += lines;
    ASSERT_TRUE(file.append(lines));
    EXPECT_EQ(file.size(), all.size());
    EXPECT_EQ(read_whole_file(folder / "requests.csv").value(), all);
  }
  ASSERT_TRUE(file.append(""));
  EXPECT_EQ(read_whole_file(folder / "requests.csv").value(), all);
}

// A limit on the size of files stands for a full disk: a write is cut short, the next one fails.
TEST(GrowingFile, AFullDiskLeavesThePrefixOfWholeLines) {
  for (const std::size_t lines : {20u, 200u}) {  // within a page, and over several
    const ScratchFolder folder;
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{lines == 20 ? 1010u : 10'010u, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &limit);
      GrowingFile file = file_at(folder / "requests.csv");
      std::string text;
      for (std::size_t i = 0; i < lines; ++i) text += line_of(100);
      const Status first = file.append(text);
      const Status second = file.append("later\n");
      const bool good = !first && first.error().code == ErrorCode::kNotWritten && !second &&
                        second.error().message == first.error().message &&
                        first.error().message.find("requests.csv") != std::string::npos;
      _exit(good ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    const std::string text = read_whole_file(folder / "requests.csv").value();
    EXPECT_EQ(text.size(), lines == 20 ? 1000u : 10'000u);
    EXPECT_TRUE(text.ends_with('\n'));
  }
}

TEST(GrowingFile, NeedsNoProcessOfItsOwnWhereThereIsNone) {
  const ScratchFolder folder;
  const std::string text = line_of(5000) + line_of(5000);
  const pid_t child = fork();
  if (child == 0) {
    GrowingFile file = file_at(folder / "requests.csv");
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(2);  // root has no limit
    _exit(file.append(text) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_whole_file(folder / "requests.csv").value(), text);
}

TEST(GrowingFile, WorksWhereTheEndOfChildrenIsIgnored) {
  const ScratchFolder folder;
  const auto before = signal(SIGCHLD, SIG_IGN);
  GrowingFile file = file_at(folder / "requests.csv");
  const Status written = file.append(line_of(5000));
  signal(SIGCHLD, before);
  EXPECT_TRUE(written);
  EXPECT_EQ(file.size(), 5000u);
}

}  // namespace
}  // namespace soliton
