// JUnit's XML, which build servers read: a suite of cases, each passed, failed or skipped.
#pragma once

#include <string>
#include <vector>

namespace soliton {

struct JunitCase {
  std::string name;
  std::string failure;  // why it failed, or ""
  bool skipped = false;
};

// Characters that XML cannot have are escaped as text.
std::string junit_xml(const std::string& suite, const std::vector<JunitCase>& cases,
                      double seconds);

}  // namespace soliton
