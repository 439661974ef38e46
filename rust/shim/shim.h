/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen cannot see or the kernel's own bindings leave out: inline
 * functions, and everything that touches struct sock, struct proto or struct
 * pernet_operations. Nothing here decides anything; the callers in rust/net/
 * say why each call is right.
 */
#ifndef SHIM_H
#define SHIM_H

#include <linux/sockptr.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>

struct cred;
struct mutex;
struct msghdr;
struct net;
struct page;
struct percpu_counter;
struct pid;
struct poll_table_struct;
struct proto;
struct proto_accept_arg;
struct scm_fp_list;
struct shim_credentials;
struct shim_marks;
struct sk_buff;
struct sock;
struct socket;
struct file;
struct module;
struct pid;
struct ubuf_info;
struct user_namespace;
struct wait_queue_entry;
struct xarray;
struct shim_pernet;

/* sock.c: life of a struct sock, and its fields */
struct sock *shim_sk_alloc(struct net *net, struct socket *sock, int family,
			   struct proto *prot, int protocol, bool kern);
struct sock *shim_sk_clone(struct sock *listener);
void shim_sk_arm(struct sock *sk, void (*destruct)(struct sock *sk));
void shim_sk_disarmed_free(struct socket *sock, struct sock *sk);
void shim_sk_destruct(struct sock *sk);
void shim_sk_hold(struct sock *sk);
bool shim_sk_try_hold(struct sock *sk);
void shim_sk_put(struct sock *sk);
void shim_sk_orphan(struct socket *sock);
void shim_sk_graft(struct socket *listener, struct socket *newsock,
		   struct sock *sk);
int shim_accept_flags(struct proto_accept_arg *arg);
void shim_accept_set_empty(struct proto_accept_arg *arg, bool empty);
struct net *shim_sk_net(struct sock *sk);
int shim_sk_type(struct sock *sk);
int shim_sk_protocol(struct sock *sk);
void shim_sk_set_state(struct sock *sk, u8 state);
u8 shim_sk_shutdown(struct sock *sk);
void shim_sk_add_shutdown(struct sock *sk, u8 bits);
int shim_sk_take_error(struct sock *sk);
int shim_sk_peek_error(struct sock *sk);
void shim_sk_set_error(struct sock *sk, int err);
int shim_sk_rcvbuf(struct sock *sk);
int shim_sk_sndbuf(struct sock *sk);
int shim_sk_rcvlowat(struct sock *sk);
void shim_sk_set_rcvlowat(struct sock *sk, int bytes);
int shim_sk_peek_off(struct sock *sk);
void shim_sk_set_peek_off(struct sock *sk, int offset);
long shim_sk_rcvtimeo(struct sock *sk);
long shim_sk_sndtimeo(struct sock *sk);
long shim_sk_linger(struct sock *sk);
void shim_sk_add_rmem(struct sock *sk, int delta);
void shim_sk_add_wmem_queued(struct sock *sk, int delta);
bool shim_sk_on_loopback(struct sock *sk);
bool shim_sk_broadcast(struct sock *sk);
bool shim_sk_debug(struct sock *sk);
u64 shim_sk_inode(struct sock *sk);
bool shim_sk_urginline(struct sock *sk);
void shim_sk_set_max_ack_backlog(struct sock *sk, u32 backlog);

/* cred.c: processes and their credentials */
const struct cred *shim_current_cred(void);
struct pid *shim_current_tgid(void);
void shim_get_cred(const struct cred *cred);
void shim_put_cred(const struct cred *cred);
void shim_get_pid(struct pid *pid);
void shim_sk_set_peer(struct sock *sk, struct pid *pid,
		      const struct cred *cred);
void shim_credentials_current(struct shim_credentials *credentials);
void shim_pid_get(struct pid *pid);
void shim_msg_put_identity(struct socket *sock, struct msghdr *msg,
			   const struct shim_credentials *credentials);

/* option.c: socket options */
int shim_option_read(void *to, sockptr_t from, size_t len);
void shim_sock_customize_options(struct socket *sock);
void shim_sk_set_switch(struct sock *sk, int option, bool on);
bool shim_sk_switch(struct sock *sk, int option);

/* wake.c: whoever sleeps on, polls or is signalled by a sock */
void shim_sk_note_default_data_ready(struct sock *sk);
void shim_sk_data_ready(struct sock *sk);
void shim_sk_data_ready_after_mb(struct sock *sk);
void shim_sk_write_space(struct sock *sk);
void shim_sk_state_change(struct sock *sk, bool readable, int band);
void shim_sk_send_sigurg(struct sock *sk);
void shim_sk_note_no_space(struct socket *sock);
void shim_sk_poll_wait(struct file *file, struct socket *sock,
		       struct poll_table_struct *wait);
void shim_sk_wait_begin(struct socket *sock, struct wait_queue_entry *entry,
			bool exclusive);
void shim_sk_wait_begin_killable(struct socket *sock,
				 struct wait_queue_entry *entry);
bool shim_fatal_signal_pending(void);
bool shim_current_may_linger(void);
void shim_sk_wait_end(struct socket *sock, struct wait_queue_entry *entry);

void shim_sk_expect_data(struct socket *sock);
void shim_sk_expect_no_data(struct socket *sock);

/* busy_poll.c: spinning instead of sleeping */
unsigned int shim_sk_busy_poll(struct sock *sk);
bool shim_is_only_cpu(void);
bool shim_is_cpu_wanted(void);
unsigned long shim_jiffies(void);

/* skb.c: messages */
struct sk_buff *shim_skb_alloc(struct sock *sk, size_t len, bool nonblock,
			       int *err);
int shim_skb_copy_from(struct sk_buff *skb, struct msghdr *msg, size_t len);
int shim_skb_copy_to(struct sk_buff *skb, int offset, struct msghdr *msg,
		     size_t len);
struct sk_buff *shim_skb_from_short(struct sock *sk, struct msghdr *msg,
				    size_t len, bool charge, int *err);
void shim_skb_uncharge(struct sk_buff *skb,
		       void (*destructor)(struct sk_buff *skb));
struct sk_buff *shim_skb_copy_with_header(struct sk_buff *skb,
					  const void *header, size_t len);
void shim_skb_set_marks(struct sk_buff *skb, const struct shim_marks *marks);
void shim_skb_set_destructor(struct sk_buff *skb,
			     void (*destructor)(struct sk_buff *skb));
bool shim_skb_filter(struct sock *sk, struct sk_buff *skb, bool whole);
bool shim_sk_has_filter(struct sock *sk);
void shim_skb_recv_cmsgs(struct sock *sk, struct msghdr *msg,
			 struct sk_buff *skb);
void shim_skb_wfree(struct sk_buff *skb);
void shim_skb_rfree(struct sk_buff *skb);

/* skb_queue.c: messages that are queued */

/* What shim_skb_queue() returns. */
enum {
	SHIM_QUEUED,
	SHIM_QUEUE_FULL,	/* there is no room */
	SHIM_QUEUE_FILTERED,	/* the receiver's filter does not want it */
	SHIM_QUEUE_CLOSED,	/* the receiver takes no more */
};

int shim_skb_queue(struct sock *sk, struct sk_buff *skb,
		   struct shim_marks *marks,
		   void (*destructor)(struct sk_buff *skb));
void shim_sk_purge(struct sock *sk);
void shim_sk_close_queue(struct sock *sk);
struct sk_buff *shim_skb_recv(struct sock *sk, int flags, long timeo, int *off,
			      int *err);
void shim_skb_put_back(struct sock *sk, struct sk_buff *skb);
void shim_sk_count_drop(struct sock *sk);
bool shim_skb_queue_empty(struct sock *sk);
int shim_skb_first_len(struct sock *sk);
int shim_sk_rmem_alloc(struct sock *sk);
int shim_sk_wmem_alloc(struct sock *sk);
bool shim_sk_writeable(struct sock *sk);
bool shim_sk_error_queued(struct sock *sk);

/* Who sent a message. Without a pid, nobody says. */
struct shim_credentials {
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	u32 secid;
};

/* How a message is to be treated. */
struct shim_marks {
	u32 mark;
	u32 priority;
	u32 tsflags;
	u32 ts_opt_id;
};

/* What control messages ask for. */
struct shim_control {
	struct scm_fp_list *descriptors;
	struct shim_credentials credentials;
	struct shim_marks marks;
};

/* control.c: control messages that are sent */
struct socket *shim_scm_helper_new(void);
void shim_scm_helper_free(struct socket *helper);
int shim_control_parse(struct socket *helper, struct sock *sk,
		       struct msghdr *msg, struct shim_control *control);

/* marks.c: how a message is to be treated, and when it was sent and came */
void shim_sk_marks(struct sock *sk, struct shim_marks *marks);
void shim_msg_put_marks(struct sock *sk, struct msghdr *msg, s64 stamp,
			const struct shim_marks *marks);
s64 shim_stamp_now(void);
void shim_skb_stamp_sent(struct sock *sk, struct sk_buff *skb,
			 const struct shim_marks *marks);
void shim_sk_stamp_sent(struct sock *sk, struct shim_marks marks, size_t len);

/* descriptors.c: descriptors on their way */
int shim_descriptors_count(const struct scm_fp_list *list);
bool shim_descriptors_may_cycle(const struct scm_fp_list *list, int family);
u32 shim_descriptors_uid(const struct scm_fp_list *list);
unsigned long shim_descriptors_limit(void);
bool shim_descriptors_unlimited(void);
void shim_descriptors_free(struct scm_fp_list *list);
void shim_msg_put_descriptors(struct msghdr *msg,
			      const struct scm_fp_list *list);

/* interest.c: what a socket's options ask for */

/* What shim_sk_interest() returns, in one. */
enum {
	SHIM_WANTS_CREDENTIALS = 1,	/* who sent a message */
	SHIM_TAKES_DESCRIPTORS = 2,
	SHIM_WANTS_MARKS = 4,		/* its mark or priority */
	SHIM_WANTS_STAMP = 8,		/* when it came */
	SHIM_WANTS_CMSGS = 16,		/* any of what shim_msg_put_marks() tells */
	SHIM_WANTS_SENT_STAMP = 32,	/* when one was sent */
	SHIM_HAS_FILTER = 64,
	SHIM_IS_ELSEWHERE = 128,	/* not on the loopback device */
	SHIM_HAS_PEEK_OFF = 256,
	SHIM_HAS_ERROR = 512,		/* to be told by the next call; of a writer */
};

u32 shim_sk_interest(struct sock *sk);
u64 shim_sk_as_reader(struct sock *sk);
u64 shim_sk_as_writer(struct sock *sk);

/* errqueue.c: the error queue */
int shim_sk_recv_errqueue(struct sock *sk, struct msghdr *msg, int level,
			  int type);
bool shim_sk_select_err_queue(struct sock *sk);
struct ubuf_info *shim_zerocopy_begin(struct sock *sk, size_t len);
void shim_zerocopy_end(struct sock *sk, struct ubuf_info *notice, bool sent);

/* reuseport.c: groups of sockets that share a port */
int shim_reuseport_start(struct sock *sk);
int shim_reuseport_join(struct sock *sk, struct sock *member);
struct sock *shim_reuseport_select(struct sock *member, struct sk_buff *skb,
				   u32 hash);
struct sock *shim_reuseport_select_by_hash(struct sock *member, u32 hash);
bool shim_reuseport_has_connected(struct sock *member);
bool shim_reuseport_has_group(struct sock *sk);
u32 shim_sk_flow_hash(struct sock *sk, u32 from, u32 to);
bool shim_sk_same_user(struct sock *sk, struct sock *other);

/* msg.c: messages that a call sends or receives */
bool shim_msg_wants_inq(struct msghdr *msg);
void shim_msg_put_inq(struct msghdr *msg, int left);

/* proto.c: struct proto */
struct proto *shim_proto_register(const char *name, struct module *owner,
				  unsigned int obj_size,
				  int (*ioctl)(struct sock *sk, int cmd, int *arg),
				  void (*rehash)(struct sock *sk));
void shim_proto_unregister(struct proto *prot);

/* pernet.c: state of a network namespace */
struct shim_pernet *shim_pernet_alloc(int (*init)(struct net *net),
				      void (*exit)(struct net *net));
int shim_pernet_register(struct shim_pernet *pernet);
void shim_pernet_unregister(struct shim_pernet *pernet);
void shim_pernet_free(struct shim_pernet *pernet);
void **shim_pernet_slot(struct shim_pernet *pernet, struct net *net);
struct user_namespace *shim_net_user_ns(struct net *net);

/* sync.c: locks */
int shim_mutex_lock_killable(struct mutex *lock);
void shim_mutex_lock(struct mutex *lock);
void shim_mutex_unlock(struct mutex *lock);

/* memory.c: how much there is, and how much of it is held */
unsigned long shim_total_memory(void);
int shim_counter_init(struct percpu_counter *counter);
void shim_counter_destroy(struct percpu_counter *counter);
void shim_counter_add(struct percpu_counter *counter, s64 amount);
bool shim_counter_exceeds(struct percpu_counter *counter, s64 limit);

/* xarray.c */
bool shim_xa_empty(struct xarray *xa);

/* page.c */
void *shim_alloc_pages(unsigned int order);
void shim_free_pages(void *pages, unsigned int order);
void shim_copy(void *to, const void *from, size_t len);

/* layout.c: sizes and offsets as the kernel's own compiler sees them */
extern const unsigned long shim_layout[];
extern const unsigned long shim_layout_len;

#endif /* SHIM_H */
