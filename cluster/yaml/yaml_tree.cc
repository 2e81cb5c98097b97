#include "cluster/yaml/yaml_tree.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "cluster/yaml/yaml_mistakes.h"
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
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    const int by_name = keys[a].name.compare(keys[b].name);
    return by_name != 0 ? by_name < 0 : a < b;
  });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twice;
  for (std::size_t i = 1; i < order.size(); ++i)
    if (keys[order[i]].name == keys[order[i - 1]].name) twice.emplace_back(order[i - 1], order[i]);
  return twice;
}

namespace {

constexpr std::size_t kErrorsLimit = 100;

Mark mark_of(const yaml_mark_t& mark) {
  return {static_cast<std::int32_t>(mark.line) + 1, static_cast<std::int32_t>(mark.column) + 1, -1};
}

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

class YamlEvent {
 public:
  YamlEvent() = default;
  YamlEvent(const YamlEvent&) = delete;
  YamlEvent& operator=(const YamlEvent&) = delete;
  ~YamlEvent() { yaml_event_delete(&event_); }
  yaml_event_t* get() { return &event_; }

 private:
  yaml_event_t event_{};
};

class YamlParser {
 public:
  explicit YamlParser(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  YamlParser(const YamlParser&) = delete;
  YamlParser& operator=(const YamlParser&) = delete;
  ~YamlParser() { yaml_parser_delete(&parser_); }
  // False: the text is refused, and state() says why.
  bool next(YamlEvent& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return true;
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    return false;
  }
  const yaml_parser_t& state() const { return parser_; }

 private:
  yaml_parser_t parser_{};
};

std::string refused_tag(std::string_view name) {
  constexpr std::string_view kStandard = "tag:yaml.org,2002:";
  return name.starts_with(kStandard)
             ? fmt::format("tags (!!{}) are not accepted", name.substr(kStandard.size()))
             : fmt::format("tags ({}) are not accepted", name);
}

bool is_null(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

YamlValue value_at(Mark mark, YamlValue::Kind kind, std::string_view text = "") {
  YamlValue out;
  out.kind = kind;
  out.mark = mark;
  out.text = text;
  return out;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const std::string& file) : file_(printable(file)) {}

  // False: the rest cannot be parsed.
  bool take(const yaml_event_t& event) {
    const Mark mark = mark_of(event.start_mark);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        return start_document(mark, event.data.document_start);
      case YAML_ALIAS_EVENT:
        error(mark, "aliases (*name) are not accepted: write the value out");
        return leaf(mark, YamlValue::Kind::kNull, "");
      case YAML_SCALAR_EVENT:
        return take_scalar(mark, event.data.scalar);
      case YAML_SEQUENCE_START_EVENT:
        refuse_properties(mark, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        return open(mark, YamlValue::Kind::kList);
      case YAML_MAPPING_START_EVENT:
        refuse_properties(mark, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        return open(mark, YamlValue::Kind::kMap);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        close();
        return true;
      default:
        return true;
    }
  }

  void error(Mark mark, const std::string& message) {
    if (errors_.errors.size() < kErrorsLimit)
      errors_.add(ErrorCode::kInvalid,
                  fmt::format("{}:{}:{}: {}", file_, mark.line, mark.column, printable(message)));
  }
  YamlValue root() { return std::move(root_); }
  Diagnostics& errors() { return errors_; }

 private:
  // A list or map whose end has not come yet. In a map, `key` holds the key that still waits for
  // its value.
  struct Open {
    YamlValue value;
    bool has_key = false;
    YamlKey key;
  };

  bool stop(Mark mark, const std::string& message) {
    error(mark, message);
    return false;
  }

  bool start_document(Mark mark, const decltype(yaml_event_t::data.document_start)& start) {
    if (start.version_directive != nullptr ||
        start.tag_directives.start != start.tag_directives.end)
      return stop(mark, "directives (%) are not accepted");
    if (documents_++ > 0) return stop(mark, "a second document: a file holds one");
    return true;
  }

  void refuse_properties(Mark mark, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr)
      error(mark,
            fmt::format("anchors (&{}) are not accepted: write the value out where it is used",
                        text_of(anchor)));
    if (tag != nullptr) error(mark, refused_tag(text_of(tag)));
  }

  bool take_scalar(Mark mark, const decltype(yaml_event_t::data.scalar)& scalar) {
    refuse_properties(mark, scalar.anchor, scalar.tag);
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (text.size() > kYamlScalarLimit)
      return stop(
          mark, fmt::format("a value of {} bytes; the limit is {}", text.size(), kYamlScalarLimit));
    return scalar.style == YAML_PLAIN_SCALAR_STYLE && is_null(text)
               ? leaf(mark, YamlValue::Kind::kNull, "")
               : leaf(mark, YamlValue::Kind::kScalar, text);
  }

  bool count_value(Mark mark) {
    if (++values_ <= kYamlValuesLimit) return true;
    return stop(mark, fmt::format("more than {} values", kYamlValuesLimit));
  }

  bool leaf(Mark mark, YamlValue::Kind kind, std::string_view text) {
    if (!count_value(mark)) return false;
    if (wants_key()) {
      take_key(mark, kind, text);
      return true;
    }
    put(value_at(mark, kind, text));
    return true;
  }

  bool open(Mark mark, YamlValue::Kind kind) {
    if (!count_value(mark)) return false;
    if (open_.size() >= kYamlDepthLimit)
      return stop(mark, fmt::format("nested deeper than {} levels", kYamlDepthLimit));
    if (wants_key()) return stop(mark, "a key must be a plain name, not a list or a map");
    open_.push_back({value_at(mark, kind), false, {}});
    return true;
  }

  void close() {
    YamlValue value = std::move(open_.back().value);
    open_.pop_back();
    if (value.kind == YamlValue::Kind::kMap)
      for (const auto& [first, second] : value.index_keys())
        error(value.keys[second].mark,
              fmt::format("key \"{}\" is used twice: here and on line {}", value.keys[second].name,
                          value.keys[first].mark.line));
    put(std::move(value));
  }

  bool wants_key() const {
    return !open_.empty() && open_.back().value.kind == YamlValue::Kind::kMap &&
           !open_.back().has_key;
  }

  void take_key(Mark mark, YamlValue::Kind kind, std::string_view text) {
    if (kind == YamlValue::Kind::kNull) error(mark, "a key must be a plain name, not empty");
    open_.back().key = {std::string(text), mark};
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

bool is_control(std::uint32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
}

// YAML 1.1 and 1.2 disagree about whether U+2028 and U+2029 end a line; the others are not text.
bool is_no_text(std::uint32_t c) {
  return is_control(c) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

// Counts as libyaml does.
Mark mark_at(std::string_view text, std::size_t at) {
  Mark mark{1, 1, -1};
  for (std::size_t i = 0; i < at; ++i) {
    const char c = text[i];
    if (c == '\n' || (c == '\r' && !text.substr(i + 1).starts_with('\n')))
      mark = {mark.line + 1, 1, -1};
    else
      mark.column += (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }
  return mark;
}

// The first byte that is not text, as an error.
void check_characters(std::string_view text, TreeBuilder& builder) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] >= ' ' && text[at] < 0x7f) {
      ++at;
      continue;
    }
    const Utf8Character c = front_character(text.substr(at));
    if (!c.valid) return builder.error(mark_at(text, at), "not valid UTF-8");
    if (is_no_text(c.code_point))
      return builder.error(
          mark_at(text, at),
          fmt::format(
              "{} \\{}{:0{}x}",
              is_control(c.code_point) ? "control character" : "a character that is not text:",
              c.code_point < 0x80 ? 'x' : 'u', c.code_point, c.code_point < 0x80 ? 2 : 4));
    at += c.size;
  }
}

// Whether libyaml refused a directive while it read it.
bool is_about_directives(const yaml_parser_t& state) {
  const auto says = [](const char* text, std::string_view what) {
    return text != nullptr && std::string_view(text).find(what) != std::string_view::npos;
  };
  return says(state.context, "directive") || says(state.context, "%") ||
         says(state.problem, "directive") || says(state.problem, "incompatible YAML document");
}

// Replaces libyaml's terms by ones that people use.
std::string in_plain_words(std::string message) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"mapping values are not allowed in this context",
       "no \": \" is allowed here: quote the value, or indent the line like the others"},
      {"found character that cannot start any token",
       "no value begins with this character: write it in quotes"},
      {"block mapping", "map"},
      {"flow mapping", "map in {}"},
      {"block sequence", "list"},
      {"block collection", "list"},
      {"flow sequence", "list in []"},
      {"simple key", "key"},
      {"stream", "file"}};
  for (const auto& [theirs, plain] : kWords)
    if (const std::size_t at = message.find(theirs); at != message.npos)
      message.replace(at, theirs.size(), plain);
  return message;
}

// Why libyaml refused the text.
void explain(const yaml_parser_t& state, std::string_view text, TreeBuilder& builder) {
  const Mark noticed = mark_of(state.problem_mark);
  if (is_about_directives(state))
    return builder.error(state.context == nullptr ? noticed : mark_of(state.context_mark),
                         "directives (%) are not accepted");
  const std::vector<YamlMistake> mistakes = likely_mistakes(text, noticed.line, kErrorsLimit);
  for (const YamlMistake& mistake : mistakes) builder.error(mistake.mark, mistake.message);
  if (!mistakes.empty()) return;
  std::string message = fmt::format("not valid YAML: {}", state.problem);
  const Mark begins = state.context == nullptr ? noticed : mark_of(state.context_mark);
  if (begins == noticed) return builder.error(noticed, in_plain_words(message));
  // The start of an unfinished construct is more useful than the place where the parser noticed it.
  const std::string_view context = state.context;
  const bool unfinished =
      context.starts_with("while scanning") || noticed >= mark_at(text, text.size());
  message += fmt::format(", {} that begins ", context);
  message += unfinished ? "here" : fmt::format("on line {}", begins.line);
  builder.error(unfinished ? begins : noticed, in_plain_words(message));
}

void build(std::string_view text, TreeBuilder& builder) {
  YamlParser parser(text);
  for (bool more = true; more;) {
    YamlEvent event;
    if (!parser.next(event)) return explain(parser.state(), text, builder);
    more = event.get()->type != YAML_STREAM_END_EVENT && builder.take(*event.get());
  }
}

}  // namespace

Checked<YamlValue> parse_yaml(std::string_view text, const std::string& file) {
  constexpr std::string_view kByteOrder = "\xef\xbb\xbf";
  TreeBuilder builder(file);
  if (text.size() > kYamlBytesLimit)
    builder.error({1, 1, -1},
                  fmt::format("{} bytes; the limit is {}", text.size(), kYamlBytesLimit));
  else if (text.starts_with(kByteOrder))
    text.remove_prefix(kByteOrder.size());
  if (builder.errors().empty()) check_characters(text, builder);
  if (builder.errors().empty()) build(text, builder);
  if (!builder.errors().empty()) return tl::unexpected<Diagnostics>(std::move(builder.errors()));
  return builder.root();
}

}  // namespace soliton
