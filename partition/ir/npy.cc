#include "partition/ir/npy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "partition/ir/element_count.h"
#include "partition/ir/npy_header.h"
#include "partition/ir/shown_name.h"
#include "protocol/base/check.h"
#include "protocol/tensor/half.h"

namespace soliton {

static_assert(std::endian::native == std::endian::little);

namespace {

struct TypeRow {
  NpyType type;
  const char* descr;
  const char* name;
  std::size_t bytes;
};
constexpr std::array<TypeRow, 9> kTypes{{{NpyType::kInt32, "<i4", "int32", 4},
                                         {NpyType::kInt64, "<i8", "int64", 8},
                                         {NpyType::kFloat16, "<f2", "float16", 2},
                                         {NpyType::kFloat32, "<f4", "float32", 4},
                                         {NpyType::kFloat64, "<f8", "float64", 8},
                                         {NpyType::kInt8, "|i1", "int8", 1},
                                         {NpyType::kUint8, "|u1", "uint8", 1},
                                         {NpyType::kInt16, "<i2", "int16", 2},
                                         {NpyType::kBool, "|b1", "bool", 1}}};

const TypeRow& row_of(NpyType type) { return kTypes[static_cast<std::size_t>(type)]; }

constexpr std::string_view kMagic = "\x93NUMPY";

std::int64_t product(std::span<const std::int64_t> shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  SOLITON_CHECK(count.has_value());
  return *count;
}

// Calls use(value) for `count` elements of T from element `first`.
template <typename T, typename Use>
void each(const NpyArray& array, std::int64_t first, std::int64_t count, Use use) {
  const std::byte* at = array.data.data() + static_cast<std::size_t>(first) * sizeof(T);
  for (std::int64_t i = 0; i < count; ++i, at += sizeof(T)) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    use(value);
  }
}

// The same for the array's own type; fp16 comes as fp32.
template <typename Use>
void each_number(const NpyArray& array, std::int64_t first, std::int64_t count, Use use) {
  switch (array.type) {
    case NpyType::kInt32:
      return each<std::int32_t>(array, first, count, use);
    case NpyType::kInt64:
      return each<std::int64_t>(array, first, count, use);
    case NpyType::kFloat32:
      return each<float>(array, first, count, use);
    case NpyType::kFloat64:
      return each<double>(array, first, count, use);
    case NpyType::kInt8:
      return each<std::int8_t>(array, first, count, use);
    case NpyType::kUint8:
    case NpyType::kBool:
      return each<std::uint8_t>(array, first, count, use);
    case NpyType::kInt16:
      return each<std::int16_t>(array, first, count, use);
    case NpyType::kFloat16:
      return each<Half>(array, first, count, [&](Half v) { use(to_float(v)); });
  }
}

template <typename T>
NpyArray array_of(NpyType type, const std::vector<T>& values, std::vector<std::int64_t> shape) {
  NpyArray array{type, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  SOLITON_CHECK_MSG(array.elements() == static_cast<std::int64_t>(values.size()), "{} != {}",
                    array.elements(), values.size());
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), array.data.size());
  return array;
}

struct Parts {
  std::string_view header;
  std::string_view data;
};

Result<Parts> split(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return invalid("is not a .npy file");
  if (bytes.size() < 10) return invalid("is cut short in its header");
  const unsigned major = static_cast<unsigned char>(bytes[6]);
  const unsigned minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    return invalid(fmt::format("has .npy version {}.{}; supported: 1.0, 2.0, 3.0", major, minor));
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t start = 8 + length_bytes;
  if (bytes.size() < start) return invalid("is cut short in its header");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, length_bytes);
  if (length > kMaxNpyHeader)
    return invalid(fmt::format("has a header of {} bytes; at most {}", length, kMaxNpyHeader));
  if (bytes.size() - start < length) return invalid("is cut short in its header");
  return Parts{bytes.substr(start, length), bytes.substr(start + length)};
}

Result<NpyType> type_of(const std::string& descr) {
  for (const TypeRow& row : kTypes)
    if (descr == row.descr) return row.type;
  std::vector<std::string_view> known;
  for (const TypeRow& row : kTypes) known.emplace_back(row.descr);
  return invalid(fmt::format("has elements of type \"{}\"; supported: {}", shown_name(descr),
                             fmt::join(known, ", ")));
}

Result<NpyArray> parse(std::string_view bytes) {
  const Result<Parts> parts = split(bytes);
  if (!parts) return tl::unexpected(parts.error());
  Result<NpyHeader> header = parse_npy_header(parts->header);
  if (!header) return tl::unexpected(header.error());
  const Result<NpyType> type = type_of(header->descr);
  if (!type) return tl::unexpected(type.error());
  const std::optional<std::int64_t> count = element_count(header->shape);
  std::int64_t size = 0;
  if (!count ||
      __builtin_mul_overflow(*count, static_cast<std::int64_t>(element_bytes(*type)), &size))
    return invalid(fmt::format("has an impossible shape ({})", fmt::join(header->shape, ", ")));
  if (header->fortran_order && header->shape.size() > 1)
    return invalid("is in Fortran order; save it in C order");
  const auto present = static_cast<std::int64_t>(parts->data.size());
  if (present != size)
    return invalid(fmt::format("has {} bytes of data, but ({}) of {} needs {}", present,
                               fmt::join(header->shape, ", "), type_name(*type), size));
  const auto* first = reinterpret_cast<const std::byte*>(parts->data.data());
  return NpyArray{*type, std::move(header->shape), std::vector<std::byte>(first, first + present)};
}

struct File {
  int fd = -1;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

std::string reason() { return std::strerror(errno); }

Result<std::string> load(const std::string& path) {
  // Non-blocking, so that a pipe in place of a file is refused instead of waited for.
  const File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) return invalid(fmt::format("cannot be opened: {}", reason()));
  struct stat info {};
  if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode))
    return invalid("is not a regular file");
  if (info.st_size > kMaxNpyBytes)
    return invalid(fmt::format("has {} bytes; at most {}", static_cast<std::int64_t>(info.st_size),
                               kMaxNpyBytes));
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return invalid(fmt::format("cannot be read: {}", reason()));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Error named(const std::string& name, Error error) {
  error.message = fmt::format("{}: {}", shown_name(name, 4096), error.message);
  return error;
}

}  // namespace

std::size_t element_bytes(NpyType type) { return row_of(type).bytes; }
const char* type_name(NpyType type) { return row_of(type).name; }

std::int64_t NpyArray::elements() const { return product(shape); }

std::int64_t NpyArray::row_elements() const {
  return shape.empty() ? 1 : product(std::span(shape).subspan(1));
}

std::vector<std::int64_t> NpyArray::integer_row(std::int64_t row) const {
  SOLITON_CHECK_MSG(is_integer() && row >= 0 && row < rows(), "row {} of {}", row, rows());
  const std::int64_t count = row_elements();
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(count));
  each_number(*this, row * count, count,
              [&](auto v) { out.push_back(static_cast<std::int64_t>(v)); });
  return out;
}

std::vector<float> NpyArray::float_row(std::int64_t row) const {
  SOLITON_CHECK_MSG(row >= 0 && row < rows(), "row {} of {}", row, rows());
  const std::int64_t count = row_elements();
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(count));
  each_number(*this, row * count, count, [&](auto v) { out.push_back(static_cast<float>(v)); });
  return out;
}

NpyArray npy_of(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return array_of(NpyType::kFloat32, values, std::move(shape));
}
NpyArray npy_of(const std::vector<std::int64_t>& values, std::vector<std::int64_t> shape) {
  return array_of(NpyType::kInt64, values, std::move(shape));
}

Result<NpyArray> parse_npy(std::string_view bytes, const std::string& name) {
  return parse(bytes).map_error([&](Error error) { return named(name, std::move(error)); });
}

Result<NpyArray> read_npy(const std::string& path) {
  const Result<std::string> bytes = load(path);
  if (!bytes) return tl::unexpected<Error>(named(path, bytes.error()));
  return parse_npy(*bytes, path);
}

std::string format_npy(const NpyArray& array) {
  std::string shape;
  for (const std::int64_t extent : array.shape) shape += fmt::format("{}, ", extent);
  if (array.shape.size() > 1)
    shape.resize(shape.size() - 2);
  else if (!shape.empty())
    shape.pop_back();
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   row_of(array.type).descr, shape);
  // The data starts at a multiple of 64 bytes.
  constexpr std::size_t kAlign = 64;
  constexpr std::size_t kBefore = 10;
  header.append((kAlign - (kBefore + header.size() + 1) % kAlign) % kAlign, ' ');
  header += '\n';
  std::string out(kMagic);
  out += '\x01';
  out += '\x00';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out.append(reinterpret_cast<const char*>(array.data.data()), array.data.size());
  return out;
}

Status write_npy(const std::string& path, const NpyArray& array) {
  const std::string bytes = format_npy(array);
  const std::string beside = path + ".part";
  const auto fail = [&](const char* what) {
    const std::string why = reason();
    std::remove(beside.c_str());
    return failure(ErrorCode::kNotWritten,
                   fmt::format("{}: {}: {}", shown_name(path, 4096), what, why));
  };
  std::FILE* file = std::fopen(beside.c_str(), "wbe");
  if (file == nullptr) return fail("cannot be created");
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const bool flushed = std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !flushed || !closed) return fail("cannot be written");
  if (std::rename(beside.c_str(), path.c_str()) != 0) return fail("cannot be put in place");
  return {};
}

}  // namespace soliton
