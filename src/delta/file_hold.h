#pragma once

#include <string>
#include <vector>

namespace cryptostream {

// Data files that vacuum leaves alone although no version may name them: those being written, whose commit is still to come, and
// those that a query is reading. Held for the life of this object, within this process. Thread-safe.
class FileHold {
 public:
  FileHold() = default;
  FileHold(const FileHold&) = delete;
  FileHold& operator=(const FileHold&) = delete;
  ~FileHold();

  // Adds a file by its absolute path. Called before the file becomes visible.
  void Add(const std::string& path);
  static bool Held(const std::string& path);

 private:
  std::vector<std::string> paths_;  // guarded by the registry's mutex
};

}  // namespace cryptostream
