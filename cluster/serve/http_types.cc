#include "cluster/serve/http_types.h"

#include "protocol/json/json.h"

namespace soliton {

HttpReply http_error(int status, const std::string& text) {
  return {.status = status, .body = json_text(Json{{"error", text}}, JsonLayout::kLine)};
}

}  // namespace soliton
