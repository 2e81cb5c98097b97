#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "tests/unit/results/poor_file_system.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::HasSubstr;

std::size_t entries(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(WriteFile, WritesAndReplacesAndLeavesNothingBeside) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file(folder / "a.json", "first, longer than the second"));
  ASSERT_TRUE(write_file(folder / "a.json", "second"));
  EXPECT_EQ(read_whole_file(folder / "a.json").value(), "second");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(WriteFile, AMissingFolderIsNotWrittenAndNamed) {
  const ScratchFolder folder;
  const Status status = write_file(folder / "missing/a.json", "x");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotWritten);
  EXPECT_EQ(exit_status(status.error().code), 6);
  EXPECT_THAT(status.error().message, HasSubstr(folder / "missing/a.json"));
  EXPECT_THAT(status.error().message, HasSubstr("No such file or directory"));
}

TEST(WriteFile, AFolderInTheWayFailsAndLeavesNothingBeside) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "taken");
  const Status status = write_file(folder / "taken", "x");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotWritten);
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(WriteFile, AFullDiskIsNotWritten) {
  const FileHandle full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  const Status status = write_all(full.get(), "some text", "runs/x/results.json");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotWritten);
  EXPECT_THAT(status.error().message, HasSubstr("runs/x/results.json"));
  EXPECT_THAT(status.error().message, HasSubstr("No space left on device"));
}

TEST(WriteFile, ShortWritesAreContinued) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const FileHandle reader(ends[0]);
  FileHandle writer(ends[1]);
  ASSERT_EQ(fcntl(writer.get(), F_SETFL, 0), 0);
  ASSERT_EQ(fcntl(reader.get(), F_SETFL, 0), 0);
  const std::string content(300'000, 'x');  // several pipes full
  std::string got;
  std::thread drain([&] {
    char buffer[4096];
    for (ssize_t n; (n = read(reader.get(), buffer, sizeof buffer)) > 0;)
      got.append(buffer, static_cast<std::size_t>(n));
  });
  const Status status = write_all(writer.get(), content, "pipe");
  writer = FileHandle();
  drain.join();
  EXPECT_TRUE(status);
  EXPECT_EQ(got, content);
}

TEST(WriteFile, NeedsNeitherNamelessFilesNorHardLinks) {
  const ScratchFolder folder;
  EXPECT_TRUE(holds_without(without_nameless_files() + without_hard_links(), [&] {
    return write_file(folder / "a.json", "first, longer than the second") &&
           write_file(folder / "a.json", "second");
  }));
  EXPECT_EQ(read_whole_file(folder / "a.json").value(), "second");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(WriteFile, LongNamesAndEmptyContentWork) {
  const ScratchFolder folder;
  const std::string name(200, 'n');
  ASSERT_TRUE(write_file(folder / name, ""));
  EXPECT_EQ(read_whole_file(folder / name).value(), "");
}

}  // namespace
}  // namespace soliton
