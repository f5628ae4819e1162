"""A small ext4 file system in a file, where the machine permits it (root, loop devices): its power can be cut, and it can be frozen. It is
mounted on a folder of its own, made for it, and is unmounted whatever happens; nothing is ever deleted below the mount."""

import contextlib
import fcntl
import os
import pathlib
import struct
import subprocess
import tempfile

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
FREEZE, THAW = 0xC0045877, 0xC0045878


class SmallDisk:
    def __init__(self, image, mount_point):
        self.image, self.path = image, mount_point

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True, capture_output=True)
        assert os.path.ismount(self.path)

    def unmount(self):
        if os.path.ismount(self.path):
            subprocess.run(["umount", self.path], check=True, capture_output=True)

    @contextlib.contextmanager
    def _folder(self):
        """The mounted folder, open; never that of the machine's own disk."""
        assert os.path.ismount(self.path) and os.stat(self.path).st_dev != os.stat(self.path.parent).st_dev
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield folder
        finally:
            os.close(folder)

    def cut_power(self):
        with self._folder() as folder:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("=I", NO_LOG_FLUSH))

    @contextlib.contextmanager
    def frozen(self):
        """No write ends while the block runs."""
        with self._folder() as folder:
            fcntl.ioctl(folder, FREEZE, struct.pack("=i", 0))
            try:
                yield
            finally:
                fcntl.ioctl(folder, THAW, struct.pack("=i", 0))


@contextlib.contextmanager
def small_disk(folder, size_mb=64):
    image = pathlib.Path(folder, "disk.ext4")
    with open(image, "wb") as file:
        file.truncate(size_mb << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
    disk = SmallDisk(image, pathlib.Path(tempfile.mkdtemp(prefix="cryptostream-disk-")))
    try:
        disk.mount()
        yield disk
    finally:
        try:
            disk.unmount()
        except subprocess.CalledProcessError:
            subprocess.run(["umount", "-l", disk.path], check=False)
        if not os.path.ismount(disk.path):
            disk.path.rmdir()
            image.unlink()


def why_not():
    """Tries a power cut on a disk of its own; gives the reason if the machine does not permit it, else None."""
    try:
        with tempfile.TemporaryDirectory(prefix="cryptostream-try-") as folder, small_disk(folder, 16) as disk:
            disk.cut_power()
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or b""
        return f"no disk of our own here: {said.decode(errors='replace').strip() or error}"
    return None
