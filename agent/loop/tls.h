// One connection's TLS over memory: ciphertext in and out, plaintext in and out. It knows no
// descriptor, so that any backend can carry it; whoever owns it moves the bytes. Owned by its
// stream, or by what detach() yields; one thread at a time. Never blocks.
// Renegotiation is off: nothing but handshake, application data, key updates and close_notify.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::loop {

class Tls {
  public:
    // Goes on with `ssl`, of which it holds a reference of its own, and replaces its BIO by memory:
    // either the handshake is complete, or it is still to come and the role is set. What `ssl`
    // writes after this object has died goes nowhere.
    explicit Tls(SSL& ssl);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // Ciphertext for read(). Referred to until keep_rest() or until read() found it all used up.
    // Precondition: nothing is left of what was given before.
    void offer(std::string_view ciphertext);
    // Copies what read() has not used yet, so that its buffer may be used again.
    void keep_rest();
    [[nodiscard]] bool has_rest() const;  // read() may give bytes without a new offer

    enum class Outcome {
        bytes,    // `size` of them
        starved,  // all that was offered is used up
        ended,    // the peer's close_notify
        failed    // failure() says why; nothing more can be read or written
    };
    struct Read {
        Outcome outcome;
        std::size_t size = 0;
    };
    // The next plaintext. Takes the handshake forward as far as it goes; what the peer must be told
    // meanwhile, alerts included, is appended to `sealed`.
    [[nodiscard]] Read read(char* data, std::size_t size, std::string& sealed);

    // Precondition: ready().
    void write(std::string_view plaintext, std::string& sealed);
    void end(std::string& sealed);  // close_notify, once

    [[nodiscard]] bool ready() const;  // the handshake is complete
    [[nodiscard]] const std::string& failure() const { return failure_; }  // for people
    [[nodiscard]] bool agreed_on_protocol() const;                         // by ALPN
    // The CN of the client's verified certificate; empty when there is none, or more than one.
    [[nodiscard]] std::string peer_name() const;
    // The channel binding "tls-server-end-point" (RFC 5929, 4.1) of our own certificate.
    [[nodiscard]] std::string server_end_point() const;

  private:
    class Memory;  // the BIO's callbacks
    class Call;    // one call of the library

    void failed(int result);

    SSL* ssl_;
    std::string_view input_;         // offered and not used yet
    std::string kept_;               // what input_ refers to after keep_rest()
    std::string* output_ = nullptr;  // of the call under way
    std::string failure_;
    bool is_kept_ = false;  // input_ refers to kept_
    bool ended_ = false;    // close_notify is sent
};

}  // namespace weir::loop
