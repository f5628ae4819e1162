#pragma once

#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// A stream's buffer over a file descriptor that remembers why a write failed. It does not own the descriptor.
class DescriptorBuffer : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);
  // The errno of the first write that failed; 0: none did.
  int error() const { return error_; }

 protected:
  int_type overflow(int_type next) override;
  int sync() override;

 private:
  bool Flush();
  const int descriptor_;
  std::vector<char> bytes_;
  int error_ = 0;
};

// Makes std::cout write through a buffer that remembers errors. A descriptor 0, 1 or 2 that is closed is taken up first, or the next file
// that is opened would get its number, and with it what is printed.
void OpenStandardStreams();
// What a command's end comes to: its own exit code, or 1 when what it printed did not arrive. Says why, but to a reader that went away.
int CloseStandardOutput(int exit_code);

// A file that appears whole or not at all: written under another name beside it, then renamed.
class OutputFile {
 public:
  // Errors: Invalid (there is such a file already and `replace` is false), Unavailable.
  static Result<std::unique_ptr<OutputFile>> Create(const std::string& path, bool replace);
  // Removes what was not committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Where it is written until then: there already, empty.
  const std::string& temporary() const { return temporary_; }
  std::ostream& stream() { return stream_; }
  // Makes it durable under its name. Errors: Unavailable, with the system's reason; Invalid as above.
  Status Commit();

 private:
  OutputFile(std::string path, std::string temporary, int descriptor, bool replace);
  const std::string path_, temporary_;
  const int descriptor_;
  const bool replace_;
  bool committed_ = false;
  DescriptorBuffer buffer_;
  std::ostream stream_;
};

}  // namespace cryptostream
