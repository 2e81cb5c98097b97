// Settings have the shape of their Cap'n Proto form, so writing and reading follow the alternatives
// of FieldValue one to one. Maps nest by recursion.
#include "protocol/control/settings.h"

#include "protocol/base/check.h"

namespace soliton {
namespace {

struct ValueWriter {
  wire::Setting::Builder out;

  void operator()(std::int64_t number) { out.setNumber(number); }
  void operator()(double real) { out.setReal(real); }
  void operator()(const std::string& text) { out.setText(text); }
  void operator()(const std::vector<std::int64_t>& numbers) {
    out.setNumbers(kj::arrayPtr(numbers.data(), numbers.size()));
  }
  void operator()(const Settings& map) { write_settings(map, out.initMap()); }
  void operator()(const std::vector<Settings>& maps) {
    auto list = out.initMaps(static_cast<unsigned>(maps.size()));
    for (unsigned i = 0; i < list.size(); ++i) write_settings(maps[i], list[i]);
  }
};

FieldValue read_value(wire::Setting::Reader in) {
  switch (in.which()) {
    case wire::Setting::NUMBER:
      return {in.getNumber()};
    case wire::Setting::REAL:
      return {in.getReal()};
    case wire::Setting::TEXT:
      return {std::string(in.getText().cStr())};
    case wire::Setting::NUMBERS: {
      std::vector<std::int64_t> numbers;
      for (const std::int64_t number : in.getNumbers()) numbers.push_back(number);
      return {std::move(numbers)};
    }
    case wire::Setting::MAP:
      return {read_settings(in.getMap())};
    case wire::Setting::MAPS:
      break;
  }
  std::vector<Settings> maps;
  for (const auto item : in.getMaps()) maps.push_back(read_settings(item));
  return {std::move(maps)};
}

}  // namespace

void write_settings(const Settings& settings, wire::Settings::Builder out) {
  auto items = out.initItems(static_cast<unsigned>(settings.size()));
  for (unsigned i = 0; i < items.size(); ++i) {
    items[i].setKey(settings[i].key);
    std::visit(ValueWriter{items[i]}, settings[i].value.value);
  }
}

Settings read_settings(wire::Settings::Reader in) {
  Settings out;
  for (const auto item : in.getItems()) out.push_back({item.getKey().cStr(), read_value(item)});
  return out;
}

void write_fields(const FieldTable& table, const void* object, wire::Settings::Builder out) {
  write_settings(collect(table, object), out);
}

void read_fields(const FieldTable& table, wire::Settings::Reader in, void* object) {
  const Status assigned = assign(table, read_settings(in), object);
  SOLITON_CHECK_MSG(assigned.has_value(), "{}", assigned.error().message);
}

}  // namespace soliton
