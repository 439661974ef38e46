// SPDX-License-Identifier: GPL-2.0
/* SOCK_STREAM: the bytes, in order, once, in every way to send and to receive them. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "carry.h"

static ssize_t by_pipe(int fd, const char *buf, size_t len)
{
	ssize_t n, sum = 0;
	int ends[2];

	if (pipe2(ends, O_NONBLOCK))
		return -1;
	n = write(ends[1], buf, len);
	/* What is in the pipe is lost with it, so all of it has to go. */
	while (sum < n) {
		ssize_t part = splice(ends[0], NULL, fd, NULL, n - sum, 0);

		if (part > 0) {
			sum += part;
			beat();
		} else if (part < 0 && errno == EAGAIN) {
			flow_wait(fd, POLLOUT, 1000000);
		} else if (part < 0 && !is_short(errno)) {
			sum = sum ? sum : -1;
			break;
		}
	}
	n = errno;
	close(ends[0]);
	close(ends[1]);
	errno = n;
	return sum;
}

static ssize_t by_file(int fd, const char *buf, size_t len)
{
	int file = memfd_create("stress", 0);
	ssize_t n = -1;
	off_t from = 0;

	if (file < 0)
		return -1;
	if (pwrite(file, buf, len, 0) == (ssize_t)len)
		n = sendfile(fd, file, &from, len);
	len = errno;
	close(file);
	errno = len;
	return n;
}

static ssize_t send_some(int fd, struct flow *f, char *buf)
{
	size_t len = pick(chance(50) ? 200 : CHUNK) + 1;
	struct iovec iov[2];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	if (len > f->total - f->sent)
		len = f->total - f->sent;
	bytes_fill(buf, len, f->key, f->sent);
	switch (pick(12)) {
	case 0:
		n = by_pipe(fd, buf, len);
		break;
	case 1:
		n = by_file(fd, buf, len);
		break;
	case 2:
		iov[0] = (struct iovec){ buf, len / 3 };
		iov[1] = (struct iovec){ buf + len / 3, len - len / 3 };
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_MORE);
		break;
	case 3:
		n = send(fd, buf, len, MSG_NOSIGNAL | MSG_OOB);
		break;
	case 4:
	case 5:
		n = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 6:
		n = write(fd, buf, len);
		break;
	default:
		n = send(fd, buf, len, MSG_NOSIGNAL);
	}
	if (n > 0)
		f->sent += n;
	return n;
}

static ssize_t receive_by_pipe(int fd, char *buf, size_t len)
{
	ssize_t n = -1, got = 0;
	int ends[2];

	if (pipe(ends))
		return -1;
	n = splice(fd, NULL, ends[1], NULL, len, 0);
	if (n > 0)
		got = read(ends[0], buf, n);
	if (n > 0 && got != n)
		fail("%zd bytes spliced, %zd in the pipe", n, got);
	got = errno;
	close(ends[0]);
	close(ends[1]);
	errno = got;
	return n;
}

static ssize_t receive_some(int fd, struct flow *f, char *buf)
{
	size_t len = pick(chance(50) ? 200 : CHUNK) + 1;
	struct iovec iov[2] = { { buf, len / 3 }, { buf + len / 3, len - len / 3 } };
	char control[256];
	struct msghdr m = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	switch (pick(12)) {
	case 0:
		n = receive_by_pipe(fd, buf, len > 60000 ? 60000 : len);
		break;
	case 1:
		n = recvmsg(fd, &m, 0);
		break;
	case 2:
		n = recv(fd, buf, len, MSG_PEEK);
		if (n > 0) {
			bytes_check(buf, n, f->key, f->received);
			return n;
		}
		break;
	case 3:
	case 4:
		n = recv(fd, buf, len, MSG_DONTWAIT);
		break;
	case 5:
		n = recv(fd, buf, len, MSG_WAITALL);
		break;
	case 6:
		n = read(fd, buf, len);
		break;
	case 7:
		/* Not looked at; what comes next tells whether it was as much. */
		n = recv(fd, NULL, len, MSG_TRUNC);
		if (n > 0)
			f->received += n;
		return n;
	case 8:
		sock_set(fd, SO_RCVBUF, 2048 << pick(7));
		n = recv(fd, buf, len, 0);
		break;
	default:
		n = recv(fd, buf, len, 0);
	}
	if (n > 0) {
		bytes_check(buf, n, f->key, f->received);
		f->received += n;
	}
	return n;
}

const struct carrier stream_carrier = { SOCK_STREAM, 1000000, send_some, receive_some };

void run_stream(void)
{
	carry(&stream_carrier, NULL);
}
