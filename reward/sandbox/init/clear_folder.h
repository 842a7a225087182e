#pragma once

namespace winnow::reward::sandbox {

// Removes everything inside the folder `path`, however deep it is nested and whatever its modes
// are. Follows no link.
void ClearFolder(const char* path);

}  // namespace winnow::reward::sandbox
