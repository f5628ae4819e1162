// When a log need not be listed, and when it is another one. Asked of file systems of this machine only: others keep times for a while, or have none.
#include "delta/log_watch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cryptostream {
namespace {

using FileClock = std::filesystem::file_time_type::clock;

constexpr std::chrono::seconds kPatience{30};
// Two changes within one step of a file system's clock have the same time; the longest step, FAT's, is 2 s.
constexpr std::chrono::seconds kSettled{3};

// ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, overlayfs, ZFS: statfs(2).
constexpr std::array<unsigned, 7> kLocal{0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994, 0x794C7630, 0x2FC12FC1};

bool TellsTheTime(const std::filesystem::path& folder) {
  struct statfs about{};
  return ::statfs(folder.c_str(), &about) == 0 && std::ranges::count(kLocal, static_cast<unsigned>(about.f_type)) > 0;
}

}  // namespace

LogWatch::LogWatch(std::filesystem::path log_folder)
    : folder_(std::move(log_folder)), held_(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

LogWatch::~LogWatch() {
  if (held_ >= 0) ::close(held_);
}

bool LogWatch::IsReplaced() const {
  struct stat held{}, found{};
  if (held_ < 0 || ::fstat(held_, &held) != 0) return false;
  if (::stat(folder_.c_str(), &found) != 0) return errno == ENOENT || errno == ENOTDIR;
  return held.st_dev != found.st_dev || held.st_ino != found.st_ino;
}

Status LogWatch::Look(const std::function<Status()>& look) {
  std::error_code failed;
  const auto changed = std::filesystem::last_write_time(folder_, failed);
  const auto now = std::chrono::steady_clock::now();
  if (!failed && seen_ == changed && now - looked_ < kPatience) return {};
  const bool tells = !failed && FileClock::now() - changed > kSettled && TellsTheTime(folder_);
  seen_.reset();
  CS_TRY(look());
  if (tells) seen_ = changed;
  looked_ = now;
  return {};
}

}  // namespace cryptostream
