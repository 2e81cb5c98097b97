#include "cluster/spec/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "protocol/base/check.h"

namespace soliton {

const YamlValue* YamlValue::find(std::string_view key) const {
  const auto at = std::lower_bound(
      order.begin(), order.end(), key,
      [this](std::uint32_t i, std::string_view name) { return keys[i].name < name; });
  return at != order.end() && keys[*at].name == key ? &items[*at] : nullptr;
}

YamlValue* YamlValue::find(std::string_view key) {
  return const_cast<YamlValue*>(static_cast<const YamlValue*>(this)->find(key));
}

YamlValue& YamlValue::add(YamlKey key, YamlValue value) {
  SOLITON_CHECK(kind == Kind::kMap);
  keys.push_back(std::move(key));
  items.push_back(std::move(value));
  SOLITON_CHECK(index_keys().empty());
  return items.back();
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> YamlValue::index_keys() {
  order.resize(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return keys[a].name < keys[b].name;
  });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twice;
  for (std::size_t i = 1; i < order.size(); ++i)
    if (keys[order[i]].name == keys[order[i - 1]].name) twice.emplace_back(order[i - 1], order[i]);
  return twice;
}

namespace {

constexpr std::size_t kErrorsLimit = 100;

// Ends yaml-cpp's parse from inside an event: its interface has no other way to stop it.
struct StopParsing {};

Mark mark_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1, -1}; }

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(printable(file)) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) stop(mark, "a second document: a file holds one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    leaf(mark, YamlValue::Kind::kNull, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    error(mark_of(mark), "aliases (*name) are not accepted: write the value out");
    leaf(mark, YamlValue::Kind::kNull, "");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    error(
        mark_of(mark),
        fmt::format("anchors (&{}) are not accepted: write the value out where it is used", name));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    check_tag(mark, tag);
    if (text.size() > kYamlScalarLimit)
      stop(mark,
           fmt::format("a value of {} bytes; the limit is {}", text.size(), kYamlScalarLimit));
    leaf(mark, YamlValue::Kind::kScalar, text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, YamlValue::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, YamlValue::Kind::kMap);
  }
  void OnMapEnd() override {
    YamlValue& map = open_.back().value;
    for (const auto& [first, second] : map.index_keys())
      error(map.keys[second].mark, fmt::format("key \"{}\" is used twice: here and on line {}",
                                               map.keys[second].name, map.keys[first].mark.line));
    close();
  }

  void error(Mark mark, const std::string& message) {
    if (errors_.errors.size() < kErrorsLimit)
      errors_.add(ErrorCode::kInvalid,
                  fmt::format("{}:{}:{}: {}", file_, mark.line, mark.column, printable(message)));
  }
  YamlValue take() { return std::move(root_); }
  Diagnostics& errors() { return errors_; }

 private:
  // A list or map whose end has not come yet. In a map, `key` holds the key that still waits for
  // its value.
  struct Open {
    YamlValue value;
    bool has_key = false;
    YamlKey key;
  };

  [[noreturn]] void stop(const YAML::Mark& mark, const std::string& message) {
    error(mark_of(mark), message);
    throw StopParsing{};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      error(mark_of(mark), fmt::format("tags ({}) are not accepted", tag));
  }

  void count_value(const YAML::Mark& mark) {
    if (++values_ > kYamlValuesLimit)
      stop(mark, fmt::format("more than {} values", kYamlValuesLimit));
  }

  void leaf(const YAML::Mark& mark, YamlValue::Kind kind, const std::string& text) {
    count_value(mark);
    if (wants_key()) return take_key(mark, kind, text);
    YamlValue value;
    value.kind = kind;
    value.mark = mark_of(mark);
    value.text = text;
    put(std::move(value));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YamlValue::Kind kind) {
    count_value(mark);
    check_tag(mark, tag);
    if (open_.size() >= kYamlDepthLimit)
      stop(mark, fmt::format("nested deeper than {} levels", kYamlDepthLimit));
    if (wants_key()) stop(mark, "a key must be a plain name, not a list or a map");
    open_.emplace_back();
    open_.back().value.kind = kind;
    open_.back().value.mark = mark_of(mark);
  }

  void close() {
    YamlValue value = std::move(open_.back().value);
    open_.pop_back();
    put(std::move(value));
  }

  bool wants_key() const {
    return !open_.empty() && open_.back().value.kind == YamlValue::Kind::kMap &&
           !open_.back().has_key;
  }

  void take_key(const YAML::Mark& mark, YamlValue::Kind kind, const std::string& text) {
    if (kind == YamlValue::Kind::kNull)
      error(mark_of(mark), "a key must be a plain name, not empty");
    open_.back().key = {text, mark_of(mark)};
    open_.back().has_key = true;
  }

  void put(YamlValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == YamlValue::Kind::kMap) {
      parent.value.keys.push_back(std::move(parent.key));
      parent.has_key = false;
    }
    parent.value.items.push_back(std::move(value));
  }

  std::string file_;
  Diagnostics errors_;
  std::vector<Open> open_;
  YamlValue root_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

// The first byte that is not text, or the first structural mark too many, as an error.
void check_text(std::string_view text, TreeBuilder& builder) {
  constexpr std::string_view kMarks = "[]{},:";
  Mark mark{1, 1, -1};
  std::size_t marks = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character c = front_character(text.substr(at));
    if (!c.valid) return builder.error(mark, "not valid UTF-8");
    if (is_control(text[at]))
      return builder.error(
          mark, fmt::format("control character \\x{:02x}", static_cast<unsigned>(text[at])));
    marks += kMarks.find(text[at]) != std::string_view::npos;
    if (marks > kYamlMarksLimit)
      return builder.error(mark, fmt::format("more than {} of {}", kYamlMarksLimit, kMarks));
    mark.column += static_cast<std::int32_t>(c.size);
    if (text[at] == '\n') mark = {mark.line + 1, 1, -1};
    at += c.size;
  }
}

void run_parser(std::string_view text, TreeBuilder& builder) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const StopParsing&) {
    return;
  } catch (const YAML::Exception& problem) {
    builder.error(mark_of(problem.mark), "not valid YAML: " + problem.msg);
  }
}

}  // namespace

Checked<YamlValue> parse_yaml(std::string_view text, const std::string& file) {
  TreeBuilder builder(file);
  if (text.size() > kYamlBytesLimit)
    builder.error({1, 1, -1},
                  fmt::format("{} bytes; the limit is {}", text.size(), kYamlBytesLimit));
  else
    check_text(text, builder);
  if (builder.errors().empty()) run_parser(text, builder);
  if (!builder.errors().empty()) return tl::unexpected<Diagnostics>(std::move(builder.errors()));
  return builder.take();
}

}  // namespace soliton
