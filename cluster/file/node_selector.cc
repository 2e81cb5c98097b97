#include "cluster/file/node_selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "cluster/file/parts.h"
#include "protocol/base/names.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

struct Property {
  std::string_view key;
  std::string_view words;
  std::string (*of)(const NodeSpec&);
};
constexpr Property kProperties[] = {
    {"name", "its name", [](const NodeSpec& node) { return node.name; }},
    {"device", "its device", [](const NodeSpec& node) { return node.device.name(); }},
    {"kind", "npu or cpu",
     [](const NodeSpec& node) {
       return std::string(node.device.kind == Device::Kind::kCpu ? "cpu" : "npu");
     }},
    {"at", "its place, as the file says it", [](const NodeSpec& node) { return node.at; }},
};

constexpr std::string_view kOperators = "&|!()";

// A recursive descent over the text; each level returns a flag a node. Without nodes it only checks.
class Selector {
 public:
  Selector(std::string_view text, std::span<const NodeSpec> nodes, bool checks_only)
      : text_(text), nodes_(nodes), checks_only_(checks_only) {}

  Result<std::vector<bool>> select() {
    std::vector<bool> out = any_of();
    skip_spaces();
    if (!error_ && at_ < text_.size()) fail(fmt::format("\"{}\" is too much", text_.substr(at_)));
    if (error_) return tl::unexpected<Error>(*error_);
    return out;
  }

 private:
  using Flags = std::vector<bool>;

  void fail(const std::string& message) {
    if (!error_) error_ = Error{ErrorCode::kInvalid, message};
  }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Flags any_of() {
    Flags out = all_of();
    while (take('|')) out = joined(std::move(out), all_of(), std::logical_or<>{});
    return out;
  }
  Flags all_of() {
    Flags out = one();
    while (take('&')) out = joined(std::move(out), one(), std::logical_and<>{});
    return out;
  }
  template <typename Operation>
  static Flags joined(Flags a, const Flags& b, Operation operation) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = operation(a[i], b[i]);
    return a;
  }

  Flags one() {
    if (++depth_ > kDeepest) {
      fail("is nested too deeply");
      return Flags(nodes_.size());
    }
    Flags out;
    if (take('!')) {
      out = one();
      out.flip();
    } else if (take('(')) {
      out = any_of();
      if (!take(')')) fail("a parenthesis is not closed");
    } else {
      out = word();
    }
    --depth_;
    return out;
  }

  Flags word() {
    skip_spaces();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ' &&
           kOperators.find(text_[at_]) == std::string_view::npos)
      ++at_;
    const std::string_view said = text_.substr(begin, at_ - begin);
    if (said.empty()) {
      fail(at_ < text_.size()
               ? fmt::format("a name is missing in front of \"{}\"", text_.substr(at_))
               : "a name is missing at the end");
      return Flags(nodes_.size());
    }
    const std::size_t equals = said.find('=');
    return equals == std::string_view::npos
               ? named(said)
               : with_property(said.substr(0, equals), said.substr(equals + 1));
  }

  Flags with_property(std::string_view key, std::string_view glob) {
    Flags out(nodes_.size());
    const auto property = std::ranges::find(kProperties, key, &Property::key);
    if (property == std::end(kProperties)) {
      std::vector<std::string> known;
      for (const Property& one : kProperties) known.emplace_back(one.key);
      fail(fmt::format("nodes have no \"{}\"{}; they have {}", printable(key),
                       suggestion(std::string(key), known), fmt::join(known, ", ")));
      return out;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      out[i] = glob_matches(glob, property->of(nodes_[i]));
    if (!checks_only_ && std::ranges::find(out, true) == out.end())
      fail(fmt::format("no node has {} = {}", key, printable(glob)));
    return out;
  }

  Flags named(std::string_view pattern) {
    Flags out(nodes_.size());
    const Result<std::vector<std::string>> names = expand_ranges(pattern, kNodesLimit);
    if (!names) {
      fail(names.error().message);
      return out;
    }
    const auto bad = [](char c) { return c != '*' && !is_valid_name(std::string_view(&c, 1)); };
    for (const std::string& name : *names) {
      if (name.empty() || std::ranges::any_of(name, bad))
        fail(
            fmt::format("\"{}\" is not a name, range (fpga[0-3]), glob (fpga*) or property "
                        "(device=bw-s10)",
                        printable(pattern)));
      else
        add(name, out);
    }
    return out;
  }

  void add(const std::string& name, Flags& out) {
    bool found = false;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (glob_matches(name, nodes_[i].name)) out[i] = found = true;
    if (found || checks_only_) return;
    std::vector<std::string> names;
    for (const NodeSpec& node : nodes_) names.push_back(node.name);
    fail(fmt::format("no node called \"{}\"{}", name, suggestion(name, names)));
  }

  static constexpr int kDeepest = 32;

  std::string_view text_;
  std::span<const NodeSpec> nodes_;
  bool checks_only_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

bool is_selector_expression(std::string_view text) {
  return text.find_first_of("&|!()= ") != std::string_view::npos;
}

Status check_node_selector(std::string_view text) {
  const Result<std::vector<bool>> flags = Selector(text, {}, true).select();
  if (!flags) return tl::unexpected<Error>(flags.error());
  return {};
}

Result<std::vector<std::uint32_t>> select_nodes(std::string_view text,
                                                std::span<const NodeSpec> nodes) {
  const Result<std::vector<bool>> flags = Selector(text, nodes, false).select();
  if (!flags) return tl::unexpected<Error>(flags.error());
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if ((*flags)[i]) out.push_back(i);
  if (out.empty()) return invalid(fmt::format("\"{}\" means no node", printable(text)));
  return out;
}

}  // namespace soliton
