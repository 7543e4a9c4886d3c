"""Removing what programs leave, which may be made to be hard to remove."""

from __future__ import annotations

import os


def empty_directory(path: str) -> None:
    """Remove what is in a directory, however deep, and whatever rights a program took away.

    Directories within it are first emptied into it, so that neither paths nor the stack grow.

    Raises:
        OSError: it is not a directory (a link to one is none), or cannot be emptied.
    """
    directory = _open_directory(path)
    try:
        if os.fstat(directory).st_mode & 0o777 != 0o700:
            os.fchmod(directory, 0o700)
        moved = 0
        prefix = os.urandom(8).hex()  # no program could have used such a name
        while names := os.listdir(directory):
            for name in names:
                if not _unlink(name, directory):
                    moved = _pour_out(name, directory, prefix, moved)
                    os.rmdir(name, dir_fd=directory)
    finally:
        os.close(directory)


def _pour_out(name: str, directory: int, prefix: str, moved: int) -> int:
    inner = _open_directory(name, directory)
    try:
        for each in os.listdir(inner):
            if not _unlink(each, inner):
                os.chmod(each, 0o700, dir_fd=inner)  # else it could not get another parent
                moved += 1
                os.rename(each, f"{prefix}-{moved}", src_dir_fd=inner, dst_dir_fd=directory)
    finally:
        os.close(inner)
    return moved


def _open_directory(name: str, directory: int | None = None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=directory)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=directory)
        return os.open(name, flags, dir_fd=directory)
    if os.fstat(descriptor).st_mode & 0o700 != 0o700:
        os.fchmod(descriptor, 0o700)
    return descriptor


def _unlink(name: str, directory: int) -> bool:
    """Remove an entry; False if it is a directory."""
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        return False
    return True


def remove_tree(path: str) -> None:
    """Remove a directory with all that is in it, or a file or link."""
    try:
        os.unlink(path)
        return
    except IsADirectoryError:
        pass  # the usual case
    empty_directory(path)
    os.rmdir(path)
