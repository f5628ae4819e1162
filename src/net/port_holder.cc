// Who holds a port: the listening socket's inode from /proc/net/tcp{,6}, then the process with a descriptor of it. Without
// rights on the other process it stays unknown, and the message is shorter.
#include "net/port_holder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cryptostream {
namespace {

std::string ListeningInode(const char* table, std::uint16_t port) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    std::size_t colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    if (std::stoul(local.substr(colon + 1), nullptr, 16) == port) return inode;
  }
  return {};
}

bool HoldsSocket(const std::filesystem::path& process, const std::string& link) {
  std::error_code error;
  for (std::filesystem::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
    std::error_code unreadable;
    if (std::filesystem::read_symlink(fd->path(), unreadable).string() == link) return true;
  }
  return false;
}

}  // namespace

std::string PortHolder(std::uint16_t port) {
  std::string inode = ListeningInode("/proc/net/tcp", port);
  if (inode.empty()) inode = ListeningInode("/proc/net/tcp6", port);
  if (inode.empty()) return {};
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    std::string pid = it->path().filename().string();
    if (!std::all_of(pid.begin(), pid.end(), [](unsigned char c) { return std::isdigit(c); })) continue;
    if (!HoldsSocket(it->path(), "socket:[" + inode + "]")) continue;
    std::string name;
    std::ifstream(it->path() / "comm") >> name;
    return name + " (pid " + pid + ")";
  }
  return {};
}

}  // namespace cryptostream
