#include "cluster/experiment/point_store.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr int kApplication = 0x536f4c69;  // "SoLi": tells the file from others' databases
constexpr int kPatienceMs = 10'000;       // while somebody else reads

constexpr const char* kTables =
    "CREATE TABLE points(point TEXT PRIMARY KEY, series TEXT NOT NULL, x TEXT NOT NULL, seed "
    "INTEGER,"
    " state TEXT NOT NULL, error TEXT NOT NULL, record TEXT, \"set\" TEXT NOT NULL,"
    " results TEXT NOT NULL)";

class Statement {
 public:
  Statement(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v2(db, sql, -1, &it_, nullptr) != SQLITE_OK) it_ = nullptr;
  }
  ~Statement() { sqlite3_finalize(it_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The texts must outlive the statement.
  Statement& bind(const std::string& text) {
    if (it_ != nullptr)
      sqlite3_bind_text64(it_, ++at_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Statement& bind(std::optional<std::uint64_t> number) {
    if (it_ != nullptr && number)
      sqlite3_bind_int64(it_, at_ + 1, static_cast<std::int64_t>(*number));
    ++at_;
    return *this;
  }
  Statement& bind_null() {
    ++at_;
    return *this;
  }
  bool next() { return it_ != nullptr && sqlite3_step(it_) == SQLITE_ROW; }
  bool done() { return it_ != nullptr && sqlite3_step(it_) == SQLITE_DONE; }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(it_, column));
    return bytes == nullptr ? "" : std::string(bytes);
  }
  int number(int column) const { return sqlite3_column_int(it_, column); }

 private:
  sqlite3_stmt* it_ = nullptr;
  int at_ = 0;
};

bool is_empty_file(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error || size == 0;
}

}  // namespace

void PointStore::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

PointStore::PointStore(Handle db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}
PointStore::~PointStore() = default;
PointStore::PointStore(PointStore&&) noexcept = default;

// What SQLite says of the last call.
tl::unexpected<Error> PointStore::failed(const char* what) const {
  return failure(ErrorCode::kNotWritten, fmt::format("cannot write {}: {} ({})", printable(path_),
                                                     what, sqlite3_errmsg(db_.get())));
}

Result<int> PointStore::number(const char* pragma) const {
  Statement statement(db_.get(), pragma);
  if (!statement.next()) {
    const int code = sqlite3_errcode(db_.get());
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
      return invalid(
          fmt::format("{} is not the database of a sweep: remove it, and all points are run "
                      "again, or name another folder",
                      printable(path_)));
    return failed("read");
  }
  return statement.number(0);
}

Status PointStore::run(const char* sql) {
  return sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Status()
                                                                              : failed("change");
}

// All or nothing: what is left of an interrupted attempt is undone by the next to open the file.
Status PointStore::make_tables() {
  const std::string all = fmt::format(
      "BEGIN IMMEDIATE; {}; PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT", kTables,
      kApplication, kVersion);
  return run(all.c_str());
}

Result<PointStore> PointStore::open(const std::string& folder) {
  const std::string path = folder + "/sweep.db";
  const bool is_new = is_empty_file(path);
  sqlite3* db = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  PointStore store(Handle(db), path);
  if (opened != SQLITE_OK) return store.failed("open");
  sqlite3_busy_timeout(db, kPatienceMs);
  if (is_new)
    if (const Status made = store.make_tables(); !made) {
      // A part of a new file would be taken for somebody else's.
      unlink(path.c_str());
      unlink((path + "-journal").c_str());
      return tl::unexpected<Error>(made.error());
    }
  const Result<int> application = store.number("PRAGMA application_id");
  if (!application) return tl::unexpected<Error>(application.error());
  const Result<int> version = store.number("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  if (*application != kApplication)
    return invalid(
        fmt::format("{} is not the database of a sweep: name another folder", printable(path)));
  if (*version != kVersion)
    return invalid(
        fmt::format("{} has version {}, and this program reads version {}: name another "
                    "folder, or remove the file, and all points are run again",
                    printable(path), *version, kVersion));
  return store;
}

std::optional<PointRecord> PointStore::find(const std::string& point) const {
  Statement statement(db_.get(), "SELECT record FROM points WHERE point = ?");
  statement.bind(point);
  return statement.next() ? parse_record(statement.text(0)) : std::nullopt;
}

Status PointStore::put(const StoredPoint& p) {
  const std::string record = p.record ? record_text(*p.record) : "";
  Statement statement(db_.get(), "INSERT OR REPLACE INTO points VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
  statement.bind(p.point).bind(p.series).bind(p.x).bind(p.seed).bind(p.state).bind(p.error);
  if (p.record)
    statement.bind(record);
  else
    statement.bind_null();
  statement.bind(p.set).bind(p.results);
  return statement.done() ? Status() : failed("add a row");
}

Status PointStore::forget(const std::string& point) {
  Statement statement(db_.get(), "DELETE FROM points WHERE point = ?");
  statement.bind(point);
  return statement.done() ? Status() : failed("remove a row");
}

}  // namespace soliton
