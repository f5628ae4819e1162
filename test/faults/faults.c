// Faults of the system, put in front of a program by LD_PRELOAD. In: rules from the environment. Out: the calls of libc that the
// rules name fail, come back short, lie about their success, or end the process. Nothing of the program knows of it.
//
// FAULTS=op,part,when,what[;op,part,when,what...]
//   op    open (with O_CREAT: create), read, write, truncate, fsync (fdatasync too), rename, link, unlink, mkdir, thread
//         (pthread_create), or change: every one that alters the disk
//   part  counts only when the path holds these characters; empty: always
//   when  3: the third time; 3-5; 3-: from the third on; */4: every fourth
//   what  an errno by name (EIO), short (half of a write), lie-EIO (done, but reported as failed), kill, stop
// FAULTS_WHEN=FILE: the rules hold, and count, only while this file exists.
// FAULTS_HITS=FILE: gets one byte for each fault that was really done, so that a test can tell survival from nothing having happened.
// FAULTS_COUNT=FILE: an orderly end writes how often each rule's calls were seen, a number a line.
// FAULTS_CLOCK=FILE: the first 8 bytes, an int64 in microseconds in the machine's order, are added to the wall clock (not to the
// monotonic one). The file is mapped, so the test moves the clock by writing into it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { kMaxRules = 8, kField = 128 };
enum { kNone, kErrno, kShort, kLie, kKill, kStop };

struct Rule {
  char op[kField], part[kField];
  long from, to, every;
  int what, error;
  atomic_long seen;
};

static struct Rule rules[kMaxRules];
static int rule_count;
static const char* when_file;
static const char* hits_file;
static const int64_t* clock_offset_us;

#define REAL(type, name, ...)                                    \
  static type (*real)(__VA_ARGS__);                              \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int ErrnoOf(const char* name) {
  static const struct {
    const char* name;
    int code;
  } known[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EAGAIN", EAGAIN},
               {"EMFILE", EMFILE}, {"EROFS", EROFS},   {"EEXIST", EEXIST}, {"EDQUOT", EDQUOT}};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
    if (strcmp(name, known[i].name) == 0) return known[i].code;
  }
  fprintf(stderr, "faults: unknown errno %s\n", name);
  _exit(99);
}

static void ParseWhat(struct Rule* rule, const char* text) {
  rule->what = strcmp(text, "short") == 0 ? kShort : strcmp(text, "kill") == 0 ? kKill : strcmp(text, "stop") == 0 ? kStop : kErrno;
  if (strncmp(text, "lie-", 4) == 0) rule->what = kLie, text += 4;
  if (rule->what == kErrno || rule->what == kLie) rule->error = ErrnoOf(text);
}

static void ParseWhen(struct Rule* rule, const char* text) {
  rule->every = 1, rule->from = 1, rule->to = LONG_MAX;
  if (sscanf(text, "*/%ld", &rule->every) == 1) return;
  int fields = sscanf(text, "%ld-%ld", &rule->from, &rule->to);
  if (fields == 1 && !strchr(text, '-')) rule->to = rule->from;
}

__attribute__((constructor)) static void Init(void) {
  const char* spec = getenv("FAULTS");
  const char* clock_file = getenv("FAULTS_CLOCK");
  when_file = getenv("FAULTS_WHEN");
  hits_file = getenv("FAULTS_HITS");
  if (clock_file) {
    int fd = open(clock_file, O_RDONLY | O_CLOEXEC);
    void* mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *clock_offset_us, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) fprintf(stderr, "faults: cannot map %s\n", clock_file), _exit(99);
    clock_offset_us = mapped;
  }
  for (; spec && *spec && rule_count < kMaxRules; ++rule_count) {
    struct Rule* rule = &rules[rule_count];
    char when[kField], what[kField];
    rule->part[0] = '\0';
    int fields = sscanf(spec, "%127[^,],%127[^,],%127[^,],%127[^;]", rule->op, rule->part, when, what);
    if (fields < 4) fields = 3 + (sscanf(spec, "%127[^,],,%127[^,],%127[^;]", rule->op, when, what) == 3), rule->part[0] = '\0';
    if (fields < 4) fprintf(stderr, "faults: not a rule: %s\n", spec), _exit(99);
    ParseWhen(rule, when);
    ParseWhat(rule, what);
    spec += strcspn(spec, ";");
    spec += *spec == ';';
  }
}

__attribute__((destructor)) static void Report(void) {
  const char* path = getenv("FAULTS_COUNT");
  FILE* file = path ? fopen(path, "w") : NULL;
  for (int i = 0; file && i < rule_count; ++i) fprintf(file, "%ld\n", atomic_load(&rules[i].seen));
  if (file) fclose(file);
}

// By system calls, past the wrappers below.
static void NoteHit(void) {
  if (!hits_file) return;
  long fd = syscall(SYS_openat, AT_FDCWD, hits_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  if (syscall(SYS_write, fd, ".", 1) != 1) fprintf(stderr, "faults: cannot write %s\n", hits_file);
  syscall(SYS_close, fd);
}

// The rule that this call falls under; NULL for none. kill and stop do not return (stop: until SIGCONT).
static const struct Rule* Match(const char* op, int changes, const char* path) {
  for (int i = 0; i < rule_count; ++i) {
    struct Rule* rule = &rules[i];
    if (strcmp(rule->op, op) != 0 && !(changes && strcmp(rule->op, "change") == 0)) continue;
    if (rule->part[0] && !(path && strstr(path, rule->part))) continue;
    if (when_file && faccessat(AT_FDCWD, when_file, F_OK, 0) != 0) continue;
    long seen = atomic_fetch_add(&rule->seen, 1) + 1;
    if (seen < rule->from || seen > rule->to || seen % rule->every != 0) continue;
    NoteHit();
    if (rule->what == kKill) kill(getpid(), SIGKILL);
    if (rule->what != kStop) return rule;
    kill(getpid(), SIGSTOP);
  }
  return NULL;
}

static const struct Rule* MatchFd(const char* op, int changes, int fd) {
  if (rule_count == 0) return NULL;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  if (path[0] != '/' || strncmp(path, "/dev/", 5) == 0) return NULL;  // files and directories of a disk only
  return Match(op, changes, path);
}

// Wraps a call that gives -1 on failure.
#define FAULTY(found, call)                                                  \
  do {                                                                       \
    const struct Rule* rule = (found);                                       \
    if (rule && rule->what == kErrno) return errno = rule->error, -1;        \
    __auto_type done = (call);                                               \
    if (rule && rule->what == kLie && done >= 0) return errno = rule->error, -1; \
    return done;                                                             \
  } while (0)

static int Opens(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define OPEN_BODY(flags)                              \
  mode_t mode = 0;                                    \
  if (Opens(flags)) {                                 \
    va_list list;                                     \
    va_start(list, flags);                            \
    mode = va_arg(list, mode_t);                      \
    va_end(list);                                     \
  }                                                   \
  const struct Rule* created = Opens(flags) ? Match("create", 1, path) : NULL; \
  const struct Rule* opened = created ? created : Match("open", 0, path)

int open(const char* path, int flags, ...) {
  REAL(int, "open", const char*, int, ...);
  OPEN_BODY(flags);
  FAULTY(opened, real(path, flags, mode));
}

int open64(const char* path, int flags, ...) {
  REAL(int, "open64", const char*, int, ...);
  OPEN_BODY(flags);
  FAULTY(opened, real(path, flags, mode));
}

ssize_t read(int fd, void* to, size_t count) {
  REAL(ssize_t, "read", int, void*, size_t);
  FAULTY(MatchFd("read", 0, fd), real(fd, to, count));
}

ssize_t write(int fd, const void* from, size_t count) {
  REAL(ssize_t, "write", int, const void*, size_t);
  const struct Rule* found = MatchFd("write", 1, fd);
  if (found && found->what == kShort && count > 1) count /= 2;
  FAULTY(found, real(fd, from, count));
}

ssize_t pwrite64(int fd, const void* from, size_t count, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  const struct Rule* found = MatchFd("write", 1, fd);
  if (found && found->what == kShort && count > 1) count /= 2;
  FAULTY(found, real(fd, from, count, at));
}

int ftruncate64(int fd, off64_t size) {
  REAL(int, "ftruncate64", int, off64_t);
  FAULTY(MatchFd("truncate", 1, fd), real(fd, size));
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec*, int);
  const struct Rule* found = MatchFd("write", 1, fd);
  if (found && found->what == kShort && count > 1) count = 1;
  FAULTY(found, real(fd, parts, count));
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  FAULTY(MatchFd("fsync", 1, fd), real(fd));
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  FAULTY(MatchFd("fsync", 1, fd), real(fd));
}

int rename(const char* from, const char* to) {
  REAL(int, "rename", const char*, const char*);
  FAULTY(Match("rename", 1, to), real(from, to));
}

int link(const char* from, const char* to) {
  REAL(int, "link", const char*, const char*);
  FAULTY(Match("link", 1, to), real(from, to));
}

int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) {
  REAL(int, "linkat", int, const char*, int, const char*, int);
  FAULTY(Match("link", 1, to), real(from_dir, from, to_dir, to, flags));
}

int unlink(const char* path) {
  REAL(int, "unlink", const char*);
  FAULTY(Match("unlink", 1, path), real(path));
}

int mkdir(const char* path, mode_t mode) {
  REAL(int, "mkdir", const char*, mode_t);
  FAULTY(Match("mkdir", 1, path), real(path, mode));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  REAL(int, "pthread_create", pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  const struct Rule* found = Match("thread", 0, NULL);
  if (found && found->what == kErrno) return found->error;
  return real(thread, attributes, run, argument);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  REAL(int, "clock_gettime", clockid_t, struct timespec*);
  int done = real(clock, time);
  if (done != 0 || !clock_offset_us || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return done;
  int64_t ns = time->tv_nsec + *(volatile const int64_t*)clock_offset_us % 1000000 * 1000;
  time->tv_sec += *(volatile const int64_t*)clock_offset_us / 1000000 + (ns < 0 ? -1 : ns >= 1000000000 ? 1 : 0);
  time->tv_nsec = (ns + 1000000000) % 1000000000;
  return 0;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec now;
  int done = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return done;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
