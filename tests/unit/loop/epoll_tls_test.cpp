// Streams under TLS against OpenSSL's own client.
#include <gtest/gtest.h>

#include "loop/epoll_stream.h"
#include "loop/tls_context.h"
#include "tls_client.h"

namespace weir::loop {
namespace epoll_tls_test {

using testing::Certificates;
using testing::Pair;
using testing::pattern;
using testing::Recorder;
using testing::tcp_pair;
using testing::TlsClient;
using testing::unix_pair;

struct EpollTlsTest : ::testing::Test {
    std::shared_ptr<const TlsContext> context(const std::string& ca = {}) {
        TlsFiles files{Certificates::of("server.crt"), Certificates::of("server.key"), ca,
                       "postgresql"};
        auto made = TlsContext::load(files);
        EXPECT_TRUE(made.has_value()) << made.error().message;
        return *made;
    }
    // A stream under TLS whose peer is `client`.
    Stream& open(const std::string& ca = {}, const std::string& certificate = {}) {
        Pair pair = tcp_pair();
        client.emplace(std::move(pair.peer), certificate);
        Stream& stream = loop.open(own(std::move(pair.ours)), user);
        stream.start_tls(context(ca)->accept(), {});
        return stream;
    }
    bool until(const std::function<bool()>& done) { return until(loop, done); }
    bool until(EpollLoop& turning, const std::function<bool()>& done) {
        return testing::turn_until(turning, [&] {
            client->step();
            return done();
        });
    }

    EpollLoop loop;
    Recorder user;
    std::optional<TlsClient> client;
};

TEST_F(EpollTlsTest, bytes_go_both_ways_once_the_handshake_is_done) {
    Stream& stream = open();
    stream.write("written before the handshake ");
    client->unsent = "question";
    ASSERT_TRUE(until([&] { return user.text == "question"; }));
    EXPECT_TRUE(stream.tls()->ready());
    stream.write("answer");
    EXPECT_GE(stream.unsent(), 6U);
    ASSERT_TRUE(until([&] { return client->text == "written before the handshake answer"; }));
    EXPECT_EQ(stream.unsent(), 0U);
    EXPECT_GE(SSL_version(client->ssl()), TLS1_2_VERSION);
}

TEST_F(EpollTlsTest, what_was_written_before_leaves_plain_and_what_was_received_begins) {
    Pair pair = tcp_pair();
    client.emplace(std::move(pair.peer));
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    stream.write("S");
    user.on_received = [&](const Slice& hello) {
        user.on_received = nullptr;
        user.text.clear();
        stream.start_tls(context()->accept(), hello.bytes());
    };
    char answer = 0;
    ASSERT_TRUE(testing::turn_until(
        loop, [&] { return answer != 0 || ::recv(client->fd(), &answer, 1, MSG_DONTWAIT) == 1; }));
    EXPECT_EQ(answer, 'S');
    client->unsent = "startup";
    ASSERT_TRUE(until([&] { return user.text == "startup"; }));
}

TEST_F(EpollTlsTest, many_small_writes_of_a_turn_are_one_record) {
    Stream& stream = open();
    ASSERT_TRUE(
        until([&] { return stream.tls()->ready() && SSL_is_init_finished(client->ssl()); }));
    for (int i = 0; i < 100; ++i) stream.write("0123456789");
    ASSERT_TRUE(testing::turn_until(loop, [&] { return stream.unsent() == 0; }));
    std::string text(2000, '\0');
    int size = -1;
    while (size <= 0) size = SSL_read(client->ssl(), text.data(), static_cast<int>(text.size()));
    EXPECT_EQ(size, 1000) << "one SSL_read() gives at most one record";
}

TEST_F(EpollTlsTest, more_than_fits_anywhere_comes_whole_in_both_directions) {
    Stream& stream = open();
    const std::string text = pattern(5'000'000);
    client->unsent = text;
    stream.write(text);
    ASSERT_TRUE(until([&] { return user.text.size() + client->text.size() == 10'000'000; }));
    EXPECT_TRUE(user.text == text);
    EXPECT_TRUE(client->text == text);
    EXPECT_EQ(user.drains, 1);
}

TEST_F(EpollTlsTest, paused_stream_tells_nothing_and_goes_on_where_it_stopped) {
    Stream& stream = open();
    const std::string text = pattern(1'000'000);
    client->unsent = text;
    user.on_received = [&](const Slice&) { stream.pause_receive(); };
    while (user.text.size() < text.size()) {
        const int before = user.receives;
        ASSERT_TRUE(until([&] { return user.receives > before; }));
        loop.turn(nullptr);
        ASSERT_EQ(user.receives, before + 1);
        stream.resume_receive();
    }
    EXPECT_TRUE(user.text == text);
}

TEST_F(EpollTlsTest, last_words_survive_a_pause_and_a_hang_up) {
    Stream& stream = open();
    ASSERT_TRUE(
        until([&] { return stream.tls()->ready() && SSL_is_init_finished(client->ssl()); }));
    stream.pause_receive();
    const std::string text = pattern(30'000);
    client->unsent = text;
    ASSERT_TRUE(until([&] { return client->unsent.empty(); }));
    client->hang_up();
    user.on_received = [&](const Slice&) { stream.pause_receive(); };
    while (user.text.size() < text.size()) {
        ASSERT_FALSE(user.error);
        stream.resume_receive();
        loop.turn(nullptr);
    }
    EXPECT_TRUE(user.text == text);
    stream.resume_receive();
    ASSERT_TRUE(testing::turn_until(loop, [&] { return user.ended || user.error; }));
}

TEST_F(EpollTlsTest, close_notify_is_the_end_of_input_and_the_other_direction_works) {
    Stream& stream = open();
    client->unsent = "last words";
    ASSERT_TRUE(until([&] { return user.text == "last words"; }));
    SSL_shutdown(client->ssl());
    ASSERT_TRUE(testing::turn_until(loop, [&] { return user.ended; }));
    stream.write("more");
    ASSERT_TRUE(until([&] { return client->text == "more"; }));
    EXPECT_FALSE(user.error);
}

TEST_F(EpollTlsTest, shutdown_write_says_close_notify_behind_the_last_bytes) {
    Stream& stream = open();
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    stream.write("goodbye");
    stream.shutdown_write();
    ASSERT_TRUE(until([&] { return client->ended; }));
    EXPECT_EQ(client->text, "goodbye");
    client->unsent = "answer";
    ASSERT_TRUE(until([&] { return user.text == "xanswer"; }));
}

TEST_F(EpollTlsTest, close_after_flush_delivers_the_last_message) {
    Stream& stream = open();
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    stream.write("you are not welcome");
    stream.close_after_flush();
    ASSERT_TRUE(until([&] { return client->ended; }));
    EXPECT_EQ(client->text, "you are not welcome");
    client->hang_up();
    ASSERT_TRUE(testing::turn_until(loop, [&] { return loop.context().all.empty(); }));
}

TEST_F(EpollTlsTest, what_is_no_handshake_is_told_as_closed_with_a_reason) {
    Stream& stream = open();
    std::string reason;
    user.on_closed = [&] { reason = stream.tls()->failure(); };
    testing::send_to(client->fd(), "GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(testing::turn_until(loop, [&] { return user.error.has_value(); }));
    EXPECT_EQ(user.error, EPROTO);
    EXPECT_EQ(reason, "http request");
    client->hang_up();
    EXPECT_TRUE(testing::turn_until(loop, [&] { return loop.context().all.empty(); }));
}

TEST_F(EpollTlsTest, client_without_the_certificate_that_is_asked_for_is_told_so) {
    Stream& stream = open(Certificates::of("ca.crt"));
    std::string reason;
    user.on_closed = [&] { reason = stream.tls()->failure(); };
    ASSERT_TRUE(until([&] { return user.error.has_value() && !client->failure.empty(); }));
    EXPECT_EQ(reason, "peer did not return a certificate");
    EXPECT_NE(client->failure.find("certificate required"), std::string::npos) << client->failure;
}

TEST_F(EpollTlsTest, client_is_known_by_the_name_in_its_certificate) {
    Stream& stream = open(Certificates::of("ca.crt"), Certificates::of("client"));
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    EXPECT_EQ(stream.tls()->peer_name(), "ann");
    EXPECT_EQ(stream.tls()->server_end_point().size(), 32U);
}

TEST_F(EpollTlsTest, old_versions_are_refused) {
    Stream& stream = open();
    SSL_CTX_set_security_level(client->context(), 0);
    SSL_CTX_set_min_proto_version(client->context(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client->context(), TLS1_1_VERSION);
    std::string reason;
    user.on_closed = [&] { reason = stream.tls()->failure(); };
    ASSERT_TRUE(until([&] { return user.error.has_value(); }));
    EXPECT_EQ(reason, "unsupported protocol");
}

TEST_F(EpollTlsTest, renegotiation_is_not_done) {
    open();
    SSL_CTX_set_max_proto_version(client->context(), TLS1_2_VERSION);
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    SSL_renegotiate(client->ssl());
    client->unsent = "y";
    ASSERT_TRUE(until([&] { return !client->failure.empty(); }));
    EXPECT_EQ(client->failure, "no renegotiation");
}

TEST_F(EpollTlsTest, keys_may_be_updated_at_any_time) {
    Stream& stream = open();
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED);
    client->unsent = "y";
    stream.write("z");
    ASSERT_TRUE(until([&] { return user.text == "xy" && client->text == "z"; }));
    stream.write("z");
    ASSERT_TRUE(until([&] { return client->text == "zz"; }));
}

TEST_F(EpollTlsTest, other_protocols_than_ours_are_refused_by_alpn) {
    open();
    const unsigned char http[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(client->context(), http, sizeof http - 1);
    ASSERT_TRUE(until([&] { return user.error.has_value() && !client->failure.empty(); }));
    EXPECT_NE(client->failure.find("no application protocol"), std::string::npos);
}

TEST_F(EpollTlsTest, protocol_is_agreed_on_by_alpn) {
    Stream& stream = open();
    const unsigned char ours[] = "\x08http/1.1\x0apostgresql";
    SSL_CTX_set_alpn_protos(client->context(), ours, sizeof ours - 1);
    client->unsent = "x";
    ASSERT_TRUE(until([&] { return user.text == "x"; }));
    EXPECT_TRUE(stream.tls()->agreed_on_protocol());
}

// ---- to another loop

class Keep final : public DetachDone {
  public:
    explicit Keep(std::optional<Detached>& result) : result_(result) {}
    void detached(Detached detached) override { result_ = std::move(detached); }

  private:
    std::optional<Detached>& result_;
};

TEST_F(EpollTlsTest, connection_goes_to_another_loop_with_its_unread_and_unsent_bytes) {
    Stream& stream = open();
    std::optional<Detached> moved;
    EpollLoop next;
    Recorder heir;
    const std::string asked = pattern(200'000);
    const std::string answered = pattern(9'000'000);
    client->unsent = asked;
    user.on_received = [&](const Slice&) {
        if (moved || user.receives > 1) return;
        stream.write(answered);
        stream.detach(std::make_unique<Keep>(moved));
    };
    ASSERT_TRUE(until([&] { return moved.has_value(); }));
    EXPECT_EQ(user.receives, 1);
    EXPECT_TRUE(loop.context().all.empty());

    Stream& again = next.open(*std::move(moved), heir);
    ASSERT_TRUE(until(next, [&] {
        return user.text.size() + heir.text.size() == asked.size() &&
               client->text.size() == answered.size();
    }));
    EXPECT_TRUE(user.text + heir.text == asked);
    EXPECT_TRUE(client->text == answered);
    again.write("and on");
    ASSERT_TRUE(until(next, [&] { return client->text.size() == answered.size() + 6; }));
}

TEST_F(EpollTlsTest, bytes_that_the_library_holds_are_told_by_the_next_loop) {
    Stream& stream = open();
    std::optional<Detached> moved;
    EpollLoop next;
    Recorder heir;
    user.on_received = [&](const Slice&) { stream.detach(std::make_unique<Keep>(moved)); };
    client->unsent = "one record";
    ASSERT_TRUE(until([&] { return moved.has_value(); }));
    client->unsent = "another";
    // Nothing more comes from the client: whatever is told is what the library had.
    client->step();
    next.open(*std::move(moved), heir);
    ASSERT_TRUE(until(next, [&] { return user.text + heir.text == "one recordanother"; }));
}

// ---- what an established connection of a client library brings

TEST_F(EpollTlsTest, established_connection_of_a_library_is_gone_on_with) {
    Pair pair = tcp_pair();
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    stream.start_tls(context()->accept(), {});
    // The library's side: its handshake over its own descriptor, one byte of a record read.
    TlsClient library(std::move(pair.peer));
    stream.write("greeting");
    char first = 0;
    ASSERT_TRUE(testing::turn_until(
        loop, [&] { return first != 0 || SSL_read(library.ssl(), &first, 1) == 1; }));
    EpollLoop other;
    Recorder relay;
    Detached connection;
    connection.owner = own(base::Fd(::dup(library.fd())));
    connection.tls = std::make_unique<Tls>(*library.ssl());
    Stream& relayed = other.open(std::move(connection), relay);
    ASSERT_TRUE(testing::turn_until(other, [&] { return relay.text == "reeting"; }));
    relayed.write("reply");
    ASSERT_TRUE(testing::turn_until(loop, [&] {
        other.turn(nullptr);
        return user.text == "reply";
    }));
    relayed.close();
    other.turn(nullptr);
    // The library's farewell, after the relay has gone, must not reach the connection.
    EXPECT_EQ(SSL_write(library.ssl(), "stray", 5), 5);
    loop.turn(nullptr);
    EXPECT_EQ(user.text, "reply");
}

}  // namespace epoll_tls_test
}  // namespace weir::loop
