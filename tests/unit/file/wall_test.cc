// wall.listen and wall.key_file: what may listen where, and the file of a lasting key.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "cluster/file/key_file.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDigits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

std::string key_file(const TestFolder& folder, const std::string& text, mode_t mode = 0600) {
  const std::string path = folder.write("run.key", text);
  EXPECT_EQ(chmod(path.c_str(), mode), 0);
  return path;
}

std::string key_error(const std::string& path) {
  const Result<Key> key = read_key_file(path);
  return key ? "" : key.error().message;
}

TEST(KeyFile, IsSixtyFourDigitsWithOrWithoutANewline) {
  const TestFolder folder;
  for (const std::string end : {"", "\n"}) {
    const Result<Key> key = read_key_file(key_file(folder, kDigits + end));
    ASSERT_TRUE(key.has_value()) << key.error().message;
    for (std::size_t i = 0; i < key->size(); ++i) EXPECT_EQ((*key)[i], static_cast<std::byte>(i));
  }
  EXPECT_EQ(key_error(key_file(folder, kDigits, 0400)), "");
}

TEST(KeyFile, OfAnotherLengthOrOtherBytesIsRefused) {
  const TestFolder folder;
  const std::string digits = kDigits;
  const auto error = [&](const std::string& text) { return key_error(key_file(folder, text)); };
  EXPECT_EQ(error(""), "0 hexadecimal digits; a key is 64");
  EXPECT_EQ(error(digits.substr(1)), "63 hexadecimal digits; a key is 64");
  EXPECT_EQ(error(digits + "0"), "65 hexadecimal digits or more; a key is 64");
  EXPECT_EQ(error(digits + digits), "66 hexadecimal digits or more; a key is 64");
  EXPECT_EQ(error(digits + "\n\n"), "not a hexadecimal digit at byte 64; a key is 64 of them");
  EXPECT_EQ(error("0x" + digits), "not a hexadecimal digit at byte 1; a key is 64 of them");
  EXPECT_THAT(error("secret" + digits), Not(HasSubstr("secret")));
}

TEST(KeyFile, OthersMayNotReadOrWriteIt) {
  const TestFolder folder;
  for (const mode_t mode : {0604, 0640, 0620, 0602, 0610})
    EXPECT_THAT(key_error(key_file(folder, kDigits, mode)),
                AllOf(HasSubstr("other than its owner"), HasSubstr("allowed: 0600")));
}

TEST(KeyFile, MissingOrNoFileIsSaid) {
  const TestFolder folder;
  key_file(folder, kDigits);
  EXPECT_THAT(key_error(folder.path("run.kye")), HasSubstr("did you mean \"run.key\"?"));
  EXPECT_EQ(key_error(folder.path("")), "not a regular file");
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(key_error(folder.path("pipe")), "not a regular file");
}

// From 203.0.113.0/24, which no host has (RFC 5737).
std::vector<std::string> wall(const std::string& keys, const std::string& more = "") {
  return errors_of(small_cluster("time: wall\nwall: {" + keys + "}\n" + more));
}

TEST(ReadWall, ListensOnLoopbackWithOrWithoutAKey) {
  const TestFolder folder;
  EXPECT_EQ(read_good(small_cluster("")).wall.listen, kLoopback);
  const ClusterSpec second = read_good(small_cluster("time: wall\nwall: {listen: 127.0.0.2}\n"));
  EXPECT_EQ(second.wall.listen, 0x7f000002U);
  EXPECT_EQ(auth_of(second), AuthMode::kHeader);
  EXPECT_FALSE(second.key.has_value());
  const ClusterSpec keyed =
      read_good(small_cluster("time: wall\nwall: {key_file: " + key_file(folder, kDigits) + "}\n"));
  ASSERT_TRUE(keyed.key.has_value());
  EXPECT_EQ((*keyed.key)[31], std::byte{31});
}

TEST(ReadWall, EncryptionIsAChoiceOnLoopbackAndWhatIsMeantBeyond) {
  EXPECT_EQ(auth_of(read_good(small_cluster("time: wall\nltl: {auth: aead}\n"))), AuthMode::kAead);
  ClusterSpec spec;
  spec.time = TimeMode::kWall;
  EXPECT_EQ(auth_of(spec), AuthMode::kHeader);
  spec.wall.listen = 0x0a010203;
  EXPECT_EQ(auth_of(spec), AuthMode::kAead);
}

TEST(ReadWall, BeyondLoopbackNeedsAKeyAnAddressOfThisHostAndEncryption) {
  EXPECT_THAT(wall("listen: 203.0.113.9", "ltl: {auth: header}\n"),
              ElementsAre(AllOf(HasSubstr("test.yaml:"),
                                HasSubstr("wall.listen: 203.0.113.9 is not "
                                          "an address of this host; it has "),
                                HasSubstr("127.0.0.1")),
                          HasSubstr("wall.listen: 203.0.113.9 is beyond loopback, which needs a "
                                    "key: add key_file"),
                          HasSubstr("ltl.auth: header is not enough beyond loopback (wall.listen "
                                    "is 203.0.113.9); aead, or leave it out")));
  EXPECT_THAT(wall("listen: 203.0.113.9, key_file: /nowhere/run.key", "ltl: {auth: none}\n"),
              ElementsAre(HasSubstr("not an address of this host"), HasSubstr("wall.key_file: "),
                          HasSubstr("ltl.auth: none is not enough")));
  EXPECT_THAT(wall("listen: 203.0.113.9, carrier: shm"),
              ElementsAre(HasSubstr("not an address"), HasSubstr("needs a key"),
                          HasSubstr("shared memory has no address to listen on")));
}

TEST(ReadWall, AddressesThatNameNoInterfaceAreRefused) {
  for (const char* text : {"here", "10.0.0.0/8", "10.1", "\"::1\"", "256.0.0.1", "010.0.0.1"})
    EXPECT_THAT(wall(std::string("listen: ") + text),
                ElementsAre(HasSubstr("is not an IPv4 address of four numbers")))
        << text;
  EXPECT_THAT(wall("listen: 0.0.0.0"),
              ElementsAre(HasSubstr("0.0.0.0 is not an address of this host"), HasSubstr("key")));
}

TEST(ReadWall, InVirtualTimeNothingListensAndNothingIsEncrypted) {
  const TestFolder folder;
  EXPECT_THAT(errors_of(small_cluster("wall: {listen: 203.0.113.9}\nltl: {auth: aead}\n")),
              ElementsAre(HasSubstr("not an address"), HasSubstr("needs a key"),
                          HasSubstr("wall.listen: nothing listens in virtual time; time: wall, or "
                                    "leave it out"),
                          HasSubstr("ltl.auth: aead encrypts packets of real sockets")));
  EXPECT_EQ(
      errors_of(small_cluster("wall: {key_file: " + key_file(folder, kDigits) + "}\n")).size(), 1U);
}

}  // namespace
}  // namespace soliton
