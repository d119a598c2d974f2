/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before everything else in the sources of unacceptedctl (clang -include), so that
 * they ask tool_files.c instead of libc wherever they would ask the kernel.
 */
#ifndef _TOOL_FILES_H
#define _TOOL_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The terminal of the tool, if its output is one. */
extern bool fake_tty;
extern struct winsize fake_winsize;

void files_reset(void);
bool files_replace(const unsigned char **data, size_t *size);

/* main.c of the tool */
int tool_main(int argc, char **argv);

int fake_open(const char *path, int flags);
ssize_t fake_read(int fd, void *to, size_t size);
ssize_t fake_pread(int fd, void *to, size_t size, off_t at);
ssize_t fake_write(int fd, const void *from, size_t size);
int fake_close(int fd);
int fake_access(const char *path, int mode);
DIR *fake_opendir(const char *path);
struct dirent *fake_readdir(DIR *dir);
int fake_closedir(DIR *dir);
int fake_scandir(const char *path, struct dirent ***entries,
		 int (*filter)(const struct dirent *entry),
		 int (*compare)(const struct dirent **a, const struct dirent **b));
int fake_lstat(const char *path, struct stat *st);
int fake_isatty(int fd);
int fake_ioctl(int fd, unsigned long what, struct winsize *size);
int fake_tcgetattr(int fd, struct termios *to);
int fake_tcsetattr(int fd, int when, const struct termios *from);
pid_t fake_fork(void);
pid_t fake_waitpid(pid_t pid, int *status, int flags);
int fake_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int fake_sigaction(int sig, const struct sigaction *action, struct sigaction *old);
int fake_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
	       const sigset_t *set);

#define main		tool_main
#define open		fake_open
#define read		fake_read
#define pread		fake_pread
#define write		fake_write
#define close		fake_close
#define access		fake_access
#define opendir		fake_opendir
#define readdir		fake_readdir
#define closedir	fake_closedir
#define scandir		fake_scandir
#define lstat		fake_lstat
#define isatty		fake_isatty
#define ioctl		fake_ioctl
#define tcgetattr	fake_tcgetattr
#define tcsetattr	fake_tcsetattr
#define fork		fake_fork
#define waitpid		fake_waitpid
#define sigprocmask	fake_sigprocmask
#define ppoll		fake_ppoll
/* With arguments, because there is a struct of that name. */
#define sigaction(sig, action, old)	fake_sigaction(sig, action, old)

#endif /* _TOOL_FILES_H */
