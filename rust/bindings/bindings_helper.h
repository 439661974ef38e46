/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Input of bindgen. Types come from the kernel's own bindings; this adds
 * functions they leave out, and constants that are macros or enumerators.
 */
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/xarray.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include <net/tcp_states.h>

#include "../shim/shim.h"

static const unsigned long SHIM_SIZEOF_SOCK = sizeof(struct sock);

static const unsigned int SHIM_NPROTO = NPROTO;
static const int SHIM_SOCK_STREAM = SOCK_STREAM;
static const int SHIM_SOCK_DGRAM = SOCK_DGRAM;
static const int SHIM_SOCK_RAW = SOCK_RAW;
static const int SHIM_SOCK_RDM = SOCK_RDM;
static const int SHIM_SOCK_SEQPACKET = SOCK_SEQPACKET;

static const unsigned char SHIM_TCP_ESTABLISHED = TCP_ESTABLISHED;
static const unsigned char SHIM_TCP_SYN_SENT = TCP_SYN_SENT;
static const unsigned char SHIM_TCP_CLOSE = TCP_CLOSE;
static const unsigned char SHIM_TCP_LISTEN = TCP_LISTEN;

static const int SHIM_SHUT_RD = SHUT_RD;
static const int SHIM_SHUT_WR = SHUT_WR;
static const int SHIM_SHUT_RDWR = SHUT_RDWR;
static const unsigned char SHIM_RCV_SHUTDOWN = RCV_SHUTDOWN;
static const unsigned char SHIM_SEND_SHUTDOWN = SEND_SHUTDOWN;

static const unsigned int SHIM_TASK_KILLABLE = TASK_KILLABLE | TASK_FREEZABLE;

static const int SHIM_O_NONBLOCK = O_NONBLOCK;
static const int SHIM_MSG_OOB = MSG_OOB;
static const int SHIM_MSG_EOR = MSG_EOR;
static const int SHIM_MSG_PEEK = MSG_PEEK;
static const int SHIM_MSG_TRUNC = MSG_TRUNC;
static const int SHIM_MSG_DONTWAIT = MSG_DONTWAIT;
static const int SHIM_MSG_WAITALL = MSG_WAITALL;
static const int SHIM_MSG_NOSIGNAL = MSG_NOSIGNAL;
static const int SHIM_MSG_ERRQUEUE = MSG_ERRQUEUE;
static const int SHIM_MSG_ZEROCOPY = MSG_ZEROCOPY;
static const unsigned int SHIM_INTEREST_CREDENTIALS = SHIM_WANTS_CREDENTIALS;
static const unsigned int SHIM_INTEREST_DESCRIPTORS = SHIM_TAKES_DESCRIPTORS;
static const unsigned int SHIM_INTEREST_MARKS = SHIM_WANTS_MARKS;
static const unsigned int SHIM_INTEREST_STAMP = SHIM_WANTS_STAMP;
static const unsigned int SHIM_INTEREST_CMSGS = SHIM_WANTS_CMSGS;
static const unsigned int SHIM_INTEREST_SENT_STAMP = SHIM_WANTS_SENT_STAMP;
static const unsigned int SHIM_INTEREST_FILTER = SHIM_HAS_FILTER;
static const unsigned int SHIM_INTEREST_ELSEWHERE = SHIM_IS_ELSEWHERE;
static const unsigned int SHIM_INTEREST_PEEK_OFF = SHIM_HAS_PEEK_OFF;
static const unsigned int SHIM_INTEREST_ERROR = SHIM_HAS_ERROR;

static const unsigned int SHIM_EPOLLIN = (__force unsigned int)EPOLLIN;
static const unsigned int SHIM_EPOLLPRI = (__force unsigned int)EPOLLPRI;
static const unsigned int SHIM_EPOLLOUT = (__force unsigned int)EPOLLOUT;
static const unsigned int SHIM_EPOLLERR = (__force unsigned int)EPOLLERR;
static const unsigned int SHIM_EPOLLHUP = (__force unsigned int)EPOLLHUP;
static const unsigned int SHIM_EPOLLRDNORM = (__force unsigned int)EPOLLRDNORM;
static const unsigned int SHIM_EPOLLWRNORM = (__force unsigned int)EPOLLWRNORM;
static const unsigned int SHIM_EPOLLWRBAND = (__force unsigned int)EPOLLWRBAND;
static const unsigned int SHIM_EPOLLRDHUP = (__force unsigned int)EPOLLRDHUP;

static const unsigned int SHIM_SIOCATMARK = SIOCATMARK;
static const unsigned int SHIM_SIOCINQ = SIOCINQ;
static const unsigned int SHIM_SIOCOUTQ = SIOCOUTQ;

static const int SHIM_POLL_IN = POLL_IN;
static const int SHIM_POLL_OUT = POLL_OUT;
static const int SHIM_POLL_HUP = POLL_HUP;

static const int SHIM_RET_QUEUED = SHIM_QUEUED;
static const int SHIM_RET_FULL = SHIM_QUEUE_FULL;
static const int SHIM_RET_FILTERED = SHIM_QUEUE_FILTERED;

/* Free entries are looked for; the nodes are charged to the memory cgroup. */
static const unsigned int SHIM_XA_FLAGS =
	(__force unsigned int)(XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);

static const long SHIM_USEC_PER_JIFFY = USEC_PER_SEC / HZ;

static const int SHIM_CAP_NET_ADMIN = CAP_NET_ADMIN;
static const int SHIM_CAP_NET_BIND_SERVICE = CAP_NET_BIND_SERVICE;
static const int SHIM_CAP_NET_RAW = CAP_NET_RAW;
