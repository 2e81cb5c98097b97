// Output of commands: results to standard output, messages to standard error
// (protocol/base/message.h).
#pragma once

#include <string_view>

#include "protocol/base/result.h"

namespace soliton {

// Opens those of descriptors 0 to 2 that the caller closed, so that no file of a run takes their
// place; reading or writing them fails. Call before anything else.
void claim_standard_streams();

// Writes all of `text` to standard output, unchanged. kNotWritten if that is closed, full or gone.
Status print_raw(std::string_view text);
// The same after escaped_lines(), for text that may quote files or names.
Status print_lines(std::string_view text);
// Writes JSON with everything beyond ASCII as \u escapes, so that quoted text cannot control a
// terminal.
Status print_json(std::string_view json);

// Exit status of a command whose product is its output: `status`, or that of kNotWritten, with a
// message, if it could not be printed.
int printed(const Status& written, int status = 0);

// Prints every error to standard error, one per line; returns the exit status of the first.
int report_errors(const Diagnostics& diagnostics);
int report_error(const Error& error);

}  // namespace soliton
