// What a command says: results on standard output, messages on standard error
// (protocol/base/message.h).
#pragma once

#include <string_view>

#include "protocol/base/result.h"

namespace soliton {

// Makes sure that descriptors 0 to 2 are open, so that no file of a run is taken for a standard
// stream that the caller closed; reading or writing such a stream then fails. Call first of all.
void claim_standard_streams();

// All of `text` to standard output, as it is. kNotWritten when it is closed, full or gone.
Status print_raw(std::string_view text);
// The same for text of lines that may quote files or names: escaped_lines() of it.
Status print_lines(std::string_view text);
// JSON with everything beyond ASCII as \u escapes, so that no terminal is driven by what it quotes.
Status print_json(std::string_view json);

// The status of a command whose product is what it printed: `status`, or that of kNotWritten when
// it could not be printed, with a message.
int printed(const Status& written, int status = 0);

// Every error, one a line, to standard error; the exit status of the first.
int report_errors(const Diagnostics& diagnostics);
int report_error(const Error& error);

}  // namespace soliton
