#include "cluster/experiment/point_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "cluster/experiment/point_outcome.h"
#include "cluster/results/write_file.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::HasSubstr;

class Store : public testing::Test {
 protected:
  std::string folder() { return scratch_ / "."; }
  // As another program would.
  void execute(const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((scratch_ / "sweep.db").c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  static StoredPoint point(const std::string& name) {
    return {name, "rows", "2", 7, "done", "", PointRecord{"cluster", {{"a'b", "c"}}, "digest"},
            "{}", "{}"};
  }

  ScratchFolder scratch_;
};

TEST_F(Store, KeepsRecordsFromOneProgramToTheNext) {
  {
    PointStore store = PointStore::open(folder()).value();
    ASSERT_TRUE(store.put(point("points/rows-2")));
    StoredPoint failed = point("points/rows-3");
    failed.record.reset();
    ASSERT_TRUE(store.put(failed));
  }
  PointStore again = PointStore::open(folder()).value();
  const std::optional<PointRecord> record = again.find("points/rows-2");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->cluster, "cluster");
  EXPECT_EQ(record->files.at(0).path, "a'b");
  EXPECT_EQ(record->results, "digest");
  EXPECT_FALSE(again.find("points/rows-3"));
  EXPECT_FALSE(again.find("points/rows-4"));
  ASSERT_TRUE(again.forget("points/rows-2"));
  EXPECT_FALSE(again.find("points/rows-2"));
}

TEST_F(Store, OfAnotherVersionIsRefusedInWords) {
  ASSERT_TRUE(PointStore::open(folder()));
  execute("PRAGMA user_version = 7");
  const Result<PointStore> store = PointStore::open(folder());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("has version 7, and this program reads version 1"));
}

TEST_F(Store, OfSomebodyElseIsRefused) {
  execute("CREATE TABLE thesis(x)");
  EXPECT_THAT(PointStore::open(folder()).error().message,
              HasSubstr("is not the database of a sweep"));
}

TEST_F(Store, ThatIsNoDatabaseIsRefused) {
  ASSERT_TRUE(write_file(scratch_ / "sweep.db", std::string(5'000, 'x')));
  const Result<PointStore> store = PointStore::open(folder());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kInvalid);
}

TEST_F(Store, ThatCannotBeMadeIsNotWritten) {
  EXPECT_EQ(PointStore::open(scratch_ / "nowhere").error().code, ErrorCode::kNotWritten);
}

TEST(Outcome, TravelsAsALine) {
  PointOutcome out{"{\"a\": 1}\n",
                   true,
                   "why",
                   {{"x \"y\"", FileStamp{1, 2, 3, 4, 5}}, {"z", {}}},
                   Error{ErrorCode::kDoesNotFit, "too\nlarge"}};
  const Checked<PointOutcome> read = parse_outcome(outcome_line(out));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->results, out.results);
  EXPECT_EQ(read->files.at(0).stamp, out.files[0].stamp);
  EXPECT_EQ(read->files.at(0).path, "x \"y\"");
  EXPECT_FALSE(read->files.at(1).stamp);
  EXPECT_EQ(read->error->code, ErrorCode::kDoesNotFit);
  EXPECT_EQ(read->error->message, "too\nlarge");
  Diagnostics why;
  why.add(ErrorCode::kInvalid, "one");
  why.add(ErrorCode::kInvalid, "two");
  const Checked<PointOutcome> none = parse_outcome(outcome_line(tl::unexpected<Diagnostics>(why)));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().errors.at(1).message, "two");
  EXPECT_FALSE(parse_outcome("nonsense"));
}

}  // namespace
}  // namespace soliton
