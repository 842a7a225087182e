#include "reward/sandbox/init/clear_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace winnow::reward::sandbox {
namespace {

bool IsDots(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

// Empties the folder `name` of `top`: its files are unlinked, its folders move up into `top` under
// fresh names, so that depth costs no stack and no long path.
void Flatten(int top, const char* name, unsigned* serial) {
  fchmodat(top, name, 0700, 0);
  const int folder_fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* folder = folder_fd < 0 ? nullptr : fdopendir(folder_fd);
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    if (IsDots(entry->d_name) || unlinkat(folder_fd, entry->d_name, 0) == 0) continue;
    fchmodat(folder_fd, entry->d_name, 0700, 0);
    char fresh[32];
    do {  // another name while this one is taken
      snprintf(fresh, sizeof(fresh), ".winnow-%u", (*serial)++);
    } while (renameat(folder_fd, entry->d_name, top, fresh) != 0 &&
             (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
  }
  closedir(folder);
}

}  // namespace

void ClearFolder(const char* path) {
  chmod(path, 0700);
  unsigned serial = 0;
  for (bool found = true; found;) {
    found = false;
    DIR* folder = opendir(path);
    if (folder == nullptr) return;
    const int top = dirfd(folder);
    while (const dirent* entry = readdir(folder)) {
      if (IsDots(entry->d_name) || unlinkat(top, entry->d_name, 0) == 0) continue;
      Flatten(top, entry->d_name, &serial);
      found |= unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0;
    }
    closedir(folder);
  }
}

}  // namespace winnow::reward::sandbox
