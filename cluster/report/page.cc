// The frame of every page this library writes.
#include <fmt/format.h>
#include <sodium.h>

#include <string>

#include "cluster/report/html.h"
#include "cluster/report/page_parts.h"
#include "partition/plan/explain.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// "'sha256-…'": what a policy calls an inline script or style.
std::string digest_source(std::string_view text) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  char spelled[sodium_base64_ENCODED_LEN(sizeof digest, sodium_base64_VARIANT_ORIGINAL)];
  const char* made = sodium_bin2base64(spelled, sizeof spelled, digest, sizeof digest,
                                       sodium_base64_VARIANT_ORIGINAL);
  SOLITON_CHECK(made != nullptr);
  return fmt::format("'sha256-{}'", made);
}

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  const std::string style = std::string(kPageStyle) + plan_style();
  const std::string script(kPageScript);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
      "form-action 'none'; style-src {}; script-src {}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}<script>{}</script>\n</body>\n"
      "</html>\n",
      digest_source(style), digest_source(script), html_escape(title), style, body, script);
}

}  // namespace soliton
