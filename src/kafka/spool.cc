// The producer's durable memory. In: batches of a source. Out: the same in order, until they are delivered. SQLite is used here only.
//
// Why SQLite: one file, kept for decades, crash-tested more than anything we could write. Why with a rollback journal and not its WAL: a
// flipped bit in a WAL silently ends it there, and with it batches that were promised; in the journal mode committed data
// lie in the main file. SQLite does not checksum pages, so each body carries SHA-256 over its number and bytes, the numbers must be without
// a hole from first to last as the (checksummed) state row says, and the whole file goes through SQLite's own check at each start.
// A batch that is read soon after it was appended, as nearly all are, is handed over from memory: what is in the file is for restarts,
// for a producer that failed, and for a broker that is away. Rejected: RocksDB (checksums, but 10 MB and a cache to tune for a queue of batches), LMDB (no checksums), a log of our own.
#include "kafka/spool.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cerrno>

#include "base/crash_point.h"
#include "base/system_error.h"
#include "kafka/batch_codec.h"
#include "kafka/spool_sql.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeSpool("topic.before_spool_commit");
const CrashPoint kAfterSpool("topic.after_spool_commit");

constexpr const char* kSchema =
    "create table batch (number integer primary key, checksum blob not null, body blob not null) strict;"
    "create table state (id integer primary key check (id = 1), checksum blob not null, body blob not null) "
    "strict;";
constexpr const char* kSetUp =
    "pragma journal_mode = truncate; pragma synchronous = full; pragma locking_mode = exclusive; pragma cell_size_check = on;"
    "pragma trusted_schema = off;";

// What came through a pipe cannot be asked for again: its position would only stay behind.
bool IsOfOneRun(std::string_view position_id) { return position_id.starts_with("bronze/file/stdin"); }

// Beside the positions, and kept as one: when the newest row of a live source was received.
std::string NewestId(std::string_view source) { return "newest/" + std::string(source); }

void NoteNewest(const RawBatch& batch, std::map<std::string, std::int64_t>& positions) {
  if (!batch.position_id.starts_with("bronze/direct/")) return;
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    std::int64_t& newest = positions[NewestId(batch.source)];
    newest = std::max(newest, ToMicros(batch.row(i).received));
  }
}

// Of two producers: the lock's own words speak of a lake.
Error InUse(const Error& error) {
  auto begin = error.message.find("lock=");
  if (error.kind != ErrorKind::kConflict || begin == std::string::npos) return error;
  return {ErrorKind::kConflict,
          "another producer has this spool: " + error.message.substr(begin, error.message.find(" (", begin) - begin) +
              " (stop it, or give this one a spool of its own: --storage, kafka.spool_path)",
          std::nullopt};
}

constexpr std::int64_t kStateNumber = -1;  // of the state row, in its checksum
constexpr std::uint64_t kMostKeptBytes = 24 << 20;

// SQLite's words, and the system's where they say more: "unable to open database file" has many causes.
std::string Reason(sqlite3* db) {
  std::string reason = sqlite3_errmsg(db);
  int code = sqlite3_errcode(db), number = sqlite3_system_errno(db);
  if (code == SQLITE_FULL) number = ENOSPC;
  bool of_the_system = code == SQLITE_FULL || code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_READONLY;
  return of_the_system && number != 0 ? reason + ": " + SystemReason(number) : reason;
}

}  // namespace

std::string SpoolChecksum(std::int64_t number, std::string_view body) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  std::string text = std::to_string(number) + ":";
  std::string body_hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), reinterpret_cast<unsigned char*>(body_hash.data()));
  text += body_hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

Error Spool::Wrong(const std::string& what) const {
  return {ErrorKind::kCorrupt,
          "the spool is damaged: file=" + file_.string() + " reason=" + what +
              " (nothing of it was sent on; keep the file, and start with another kafka.spool_path)",
          std::nullopt};
}

Error Spool::Failed(const std::string& what) const {
  int code = sqlite3_errcode(db_);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return Wrong(sqlite3_errmsg(db_));
  // What the kernel dropped after an fsync that failed cannot be known. (SQLite does not keep the errno over its rollback.)
  int extended = sqlite3_extended_errcode(db_);
  if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC) StopAfterIoError("fsync " + file_.string());
  return {ErrorKind::kUnavailable, "cannot " + what + ": file=" + file_.string() + " reason=" + Reason(db_), std::nullopt};
}

Status Spool::Execute(const char* sql) const {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(Failed("use the spool"));
}

Result<std::unique_ptr<Spool>> Spool::Open(const std::filesystem::path& file, std::uint64_t max_bytes) {
  CS_TRY(MakeDirsDurable(file.parent_path()));
  auto lock = FileLock::Acquire(file.string() + ".lock");
  if (!lock) return std::unexpected(InUse(lock.error()));
  if (!std::filesystem::exists(file)) CS_TRY(Make(file));
  std::unique_ptr<Spool> spool(new Spool(file, max_bytes));
  spool->lock_ = *std::move(lock);
  CS_TRY(spool->OpenFile(file, 0));
  CS_TRY(spool->Check());
  CS_TRY(spool->LoadState());
  CS_TRY(spool->CheckNumbers());
  CS_TRY(spool->LoadMarks());
  return spool;
}

// A new spool gets its name when it is whole. So a file of that name without a state, an empty one too, is damage, and never taken
// for a new spool: with the batches the positions of the sources would be forgotten, and nobody would be told.
Status Spool::Make(const std::filesystem::path& file) {
  std::filesystem::path begun = file.string() + ".new";
  std::error_code ignored;
  std::filesystem::remove(begun, ignored);
  std::filesystem::remove(begun.string() + "-journal", ignored);
  {
    Spool made(begun, 0);
    CS_TRY(made.OpenFile(begun, SQLITE_OPEN_CREATE));
    CS_TRY(made.Execute(kSchema));
    CS_TRY(made.StoreState({}));
  }
  std::filesystem::remove(begun.string() + "-journal", ignored);
  std::error_code error;
  std::filesystem::rename(begun, file, error);
  if (error) return Unavailable("cannot make the spool: file=" + file.string() + " reason=" + error.message());
  return FsyncPath(file.parent_path());
}

Status Spool::OpenFile(const std::filesystem::path& file, int more_flags) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | more_flags;
  if (sqlite3_open_v2(file.c_str(), &db_, flags, nullptr) != SQLITE_OK) return std::unexpected(Failed("open the spool"));
  return Execute(kSetUp);
}

Spool::~Spool() { sqlite3_close(db_); }

// SQLite's own look at every page: a page that belongs to nobody or to two would be written over later.
Status Spool::Check() {
  SpoolStatement check(db_, "pragma integrity_check(1)");
  if (check.Step() != SQLITE_ROW) return std::unexpected(Failed("check the spool"));
  if (std::string found(check.Bytes(0)); found != "ok") return std::unexpected(Wrong(found));
  return {};
}

Status Spool::LoadState() {
  SpoolStatement tables(db_, "select count(*) from sqlite_schema where name in ('batch', 'state')");
  if (tables.Step() != SQLITE_ROW) return std::unexpected(Failed("read the spool"));
  if (tables.Number(0) != 2) return std::unexpected(Wrong("its tables are missing"));
  SpoolStatement read(db_, "select checksum, body from state");
  int step = read.Step();
  if (step == SQLITE_DONE) return std::unexpected(Wrong("its state is missing"));
  if (step != SQLITE_ROW) return std::unexpected(Failed("read the spool's state"));
  std::string_view body = read.Bytes(1);
  if (read.Bytes(0) != SpoolChecksum(kStateNumber, body)) return std::unexpected(Wrong("the checksum of its state does not fit"));
  // The state travels in the form of a batch: two numbers, and a row for each source.
  auto state = DecodeBatch(body);
  if (!state) return std::unexpected(Wrong(state.error().message));
  state_.next = state->next_position;
  for (std::size_t i = 0; i < state->rows(); ++i) {
    auto row = state->row(i);
    if (row.key)
      state_.positions[std::string(*row.key)] = row.offset;
    else
      state_.first = row.offset;
  }
  return {};
}

Status Spool::StoreState(const State& state) const {
  RawBatch form;
  form.next_position = state.next;
  form.Add({std::nullopt, "", {}, state.first});
  for (const auto& [id, position] : state.positions) form.Add({id, "", {}, position});
  std::string body = EncodeBatch(form), checksum = SpoolChecksum(kStateNumber, body);
  SpoolStatement write(db_, "insert or replace into state (id, checksum, body) values (1, ?1, ?2)");
  write.Bind(1, checksum);
  write.Bind(2, body);
  if (write.Step() != SQLITE_DONE) return std::unexpected(Failed("write the spool's state"));
  return {};
}

// Every number from first to next, and no other.
Status Spool::CheckNumbers() {
  SpoolStatement read(db_, "select number, length(body) from batch order by number");
  std::int64_t expected = state_.first;
  int step = SQLITE_ROW;
  while ((step = read.Step()) == SQLITE_ROW) {
    if (read.Number(0) != expected) break;
    sizes_[expected++] = static_cast<std::uint64_t>(read.Number(1));
    bytes_ += static_cast<std::uint64_t>(read.Number(1));
  }
  if (step != SQLITE_DONE && step != SQLITE_ROW) return std::unexpected(Failed("read the spool"));
  if (step == SQLITE_ROW || expected != state_.next) {
    return std::unexpected(Wrong("batch " + std::to_string(expected) + " is missing or out of place"));
  }
  return {};
}

// Makes a change and the state that goes with it durable together, or neither.
Status Spool::Transaction(State next, const std::function<Status(State&)>& change) {
  CS_TRY(Execute("begin immediate"));
  Status done = [&]() -> Status {
    CS_TRY(change(next));
    CS_TRY(StoreState(next));
    kBeforeSpool.Reach();
    return Execute("commit");
  }();
  if (!done) {
    sqlite3_exec(db_, "rollback", nullptr, nullptr, nullptr);
    return done;
  }
  kAfterSpool.Reach();
  state_ = std::move(next);
  return {};
}

std::int64_t Spool::Position(const std::string& position_id) const {
  std::lock_guard lock(mutex_);
  auto found = state_.positions.find(position_id);
  return found == state_.positions.end() ? 0 : found->second;
}

std::map<std::string, std::int64_t> Spool::PositionsOf(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  auto positions = state_.positions;
  std::erase_if(positions, [&](const auto& entry) { return !entry.first.starts_with(prefix); });
  return positions;
}

std::optional<Timestamp> Spool::Newest(std::string_view source) const {
  std::int64_t newest = Position(NewestId(source));
  return newest == 0 ? std::nullopt : std::optional(FromMicros(newest));
}

Status Spool::Append(const RawBatch& batch) {
  std::lock_guard lock(mutex_);
  State next = state_;
  std::int64_t number = next.next++;
  if (!IsOfOneRun(batch.position_id)) next.positions[batch.position_id] = batch.next_position;
  for (const auto& [id, version] : batch.begins) next.positions[id] = version;
  NoteNewest(batch, next.positions);
  std::string body = EncodeBatch(batch), checksum = SpoolChecksum(number, body);
  CS_TRY(Transaction(std::move(next), [&](State&) -> Status {
    SpoolStatement write(db_, "insert into batch (number, checksum, body) values (?1, ?2, ?3)");
    write.Bind(1, number);
    write.Bind(2, checksum);
    write.Bind(3, body);
    if (write.Step() != SQLITE_DONE) return std::unexpected(Failed("write to the spool"));
    return {};
  }));
  sizes_[number] = body.size();
  bytes_ += body.size();
  Keep(number, batch, body.size());
  return {};
}

void Spool::Keep(std::int64_t number, const RawBatch& batch, std::uint64_t bytes) {
  std::lock_guard lock(kept_mutex_);
  if (kept_bytes_ + bytes > kMostKeptBytes) return;
  kept_bytes_ += bytes;
  kept_.try_emplace(number, batch, bytes);
}

// Gives a batch once, and lets go of those before it: they were read from the file, or removed.
std::optional<Spool::Entry> Spool::TakeFromMemory(std::int64_t number) {
  std::lock_guard lock(kept_mutex_);
  std::optional<Entry> taken;
  while (!kept_.empty() && kept_.begin()->first <= number) {
    auto oldest = kept_.extract(kept_.begin());
    kept_bytes_ -= oldest.mapped().second;
    if (oldest.key() == number) taken = Entry{number, std::move(oldest.mapped().first)};
  }
  return taken;
}

Result<std::optional<Spool::Entry>> Spool::ReadAfter(std::int64_t number) {
  if (auto kept = TakeFromMemory(number + 1)) return kept;
  std::lock_guard lock(mutex_);
  std::int64_t wanted = std::max(number + 1, state_.first);
  if (wanted >= state_.next) return std::nullopt;
  SpoolStatement read(db_, "select checksum, body from batch where number = ?1");
  read.Bind(1, wanted);
  std::string name = "batch " + std::to_string(wanted);
  int step = read.Step();
  if (step == SQLITE_DONE) return std::unexpected(Wrong(name + " is missing"));
  if (step != SQLITE_ROW) return std::unexpected(Failed("read " + name));
  std::string_view body = read.Bytes(1);
  if (read.Bytes(0) != SpoolChecksum(wanted, body)) return std::unexpected(Wrong("the checksum of " + name + " does not fit"));
  auto batch = DecodeBatch(body);
  if (!batch) return std::unexpected(Wrong(name + ": " + batch.error().message));
  return Entry{wanted, *std::move(batch)};
}

Status Spool::Remove(std::int64_t number, const std::vector<RawBatch>& marks, Timestamp now) {
  std::lock_guard lock(mutex_);
  State next = state_;
  next.first = std::clamp(number + 1, state_.first, state_.next);
  std::map<std::int64_t, std::uint64_t> written;
  CS_TRY(Transaction(std::move(next), [&](State& changed) -> Status {
    SpoolStatement write(db_, "delete from batch where number <= ?1");
    write.Bind(1, number);
    if (write.Step() != SQLITE_DONE) return std::unexpected(Failed("remove from the spool"));
    return WriteMarks(marks, now, changed, written);
  }));
  CountMarks(written);
  TakeFromMemory(number);
  while (!sizes_.empty() && sizes_.begin()->first < state_.first) {
    bytes_ -= sizes_.begin()->second;
    sizes_.erase(sizes_.begin());
  }
  return {};
}

bool Spool::empty() const {
  std::lock_guard lock(mutex_);
  return state_.first == state_.next;
}

std::int64_t Spool::first() const {
  std::lock_guard lock(mutex_);
  return state_.first;
}

std::uint64_t Spool::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

bool Spool::HasRoom(std::uint64_t more, std::uint64_t limit) const {
  std::lock_guard lock(mutex_);
  return state_.first == state_.next || bytes_ + more <= std::min(limit, max_bytes_);
}

}  // namespace cryptostream
