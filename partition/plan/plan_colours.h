// The colours of plan.svg in light and in dark surroundings. All that carries words has a contrast
// of at least 4.5 to what it stands on (WCAG 2.1, 1.4.3).
#pragma once

#include <string>
#include <vector>

namespace soliton {

struct PlanColour {
  std::string name, light, dark;
};

inline const std::vector<PlanColour>& plan_colours() {
  static const std::vector<PlanColour> colours = {
      {"back", "#ffffff", "#1d2126"}, {"box", "#f3f5f7", "#282e35"},
      {"text", "#1d2126", "#e6e8ea"}, {"soft", "#565e67", "#aab2bb"},
      {"line", "#cdd3d9", "#454d56"}, {"arrow", "#1f5fa8", "#8fb8f0"},
  };
  return colours;
}

}  // namespace soliton
