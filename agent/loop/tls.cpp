#include "loop/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace weir::loop {
namespace {

constexpr std::size_t most_at_once = std::numeric_limits<int>::max();

}  // namespace

// OpenSSL's own memory BIO would keep what it once grew to for every connection. This one reads
// from what is offered and writes to what the call under way was given.
class Tls::Memory {
  public:
    static BIO_METHOD* method() {
        static BIO_METHOD* const made = make();
        return made;
    }

  private:
    static BIO_METHOD* make() {
        BIO_METHOD* result = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir");
        BIO_meth_set_read(result, &read);
        BIO_meth_set_write(result, &write);
        BIO_meth_set_ctrl(result, &control);
        return result;
    }
    static int read(BIO* bio, char* data, int size) {
        auto* tls = static_cast<Tls*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        if (tls == nullptr || tls->input_.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const std::size_t count = std::min(tls->input_.size(), static_cast<std::size_t>(size));
        std::memcpy(data, tls->input_.data(), count);
        tls->input_.remove_prefix(count);
        return static_cast<int>(count);
    }
    static int write(BIO* bio, const char* data, int size) {
        auto* tls = static_cast<Tls*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        if (tls != nullptr && tls->output_ != nullptr) {
            tls->output_->append(data, static_cast<std::size_t>(size));
        }
        return size;
    }
    static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
};

// An error left in the thread's queue by another connection would be taken for this one's.
class Tls::Call {
  public:
    Call(Tls& tls, std::string& sealed) : tls_(tls) {
        tls_.output_ = &sealed;
        ERR_clear_error();
    }
    ~Call() { tls_.output_ = nullptr; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

  private:
    Tls& tls_;
};

Tls::Tls(SSL& ssl) : ssl_(&ssl) {
    SSL_up_ref(ssl_);
    SSL_set_options(ssl_, SSL_OP_NO_RENEGOTIATION);
    SSL_set_mode(ssl_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    BIO* bio = BIO_new(Memory::method());
    assert(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
}

Tls::~Tls() {
    BIO_set_data(SSL_get_rbio(ssl_), nullptr);
    SSL_free(ssl_);
}

void Tls::offer(std::string_view ciphertext) {
    assert(input_.empty());
    input_ = ciphertext;
    is_kept_ = false;
}

void Tls::keep_rest() {
    if (input_.empty() || is_kept_) return;
    kept_ = input_;
    input_ = kept_;
    is_kept_ = true;
}

bool Tls::has_rest() const { return !input_.empty() || SSL_has_pending(ssl_) == 1; }

Tls::Read Tls::read(char* data, std::size_t size, std::string& sealed) {
    if (!failure_.empty()) return {Outcome::failed};
    const Call call(*this, sealed);
    for (;;) {
        const std::size_t before = input_.size();
        const int result = SSL_read(ssl_, data, static_cast<int>(std::min(size, most_at_once)));
        if (result > 0) return {Outcome::bytes, static_cast<std::size_t>(result)};
        const int error = SSL_get_error(ssl_, result);
        if (error == SSL_ERROR_ZERO_RETURN) return {Outcome::ended};
        if (error != SSL_ERROR_WANT_READ || (!input_.empty() && input_.size() == before)) {
            failed(result);
            return {Outcome::failed};
        }
        if (!input_.empty()) continue;  // what it has read so far was no data
        kept_ = {};
        return {Outcome::starved};
    }
}

void Tls::write(std::string_view plaintext, std::string& sealed) {
    assert(ready());
    const Call call(*this, sealed);
    while (!plaintext.empty() && failure_.empty()) {
        const std::size_t size = std::min(plaintext.size(), most_at_once);
        const int written = SSL_write(ssl_, plaintext.data(), static_cast<int>(size));
        if (written <= 0) return failed(written);
        plaintext.remove_prefix(static_cast<std::size_t>(written));
    }
}

void Tls::end(std::string& sealed) {
    // OpenSSL documentation, SSL_shutdown: not before the handshake, not after a fatal error.
    if (ended_ || !failure_.empty() || !ready()) return;
    ended_ = true;
    const Call call(*this, sealed);
    if (SSL_shutdown(ssl_) < 0) ERR_clear_error();  // what is unread does not matter any more
}

bool Tls::ready() const { return SSL_is_init_finished(ssl_) == 1; }

// The reason of the library, and of a refused certificate what is wrong with it.
void Tls::failed(int result) {
    const unsigned long code = ERR_peek_last_error();  // the last is what it meant for TLS
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    failure_ = reason != nullptr ? reason
               : SSL_get_error(ssl_, result) == SSL_ERROR_SYSCALL
                   ? "the connection ended within a record"
                   : "TLS failed";
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
        failure_.append(": ").append(X509_verify_cert_error_string(verified));
    }
    ERR_clear_error();
}

bool Tls::agreed_on_protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return size > 0;
}

std::string Tls::peer_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl_),
                                                                  &X509_free);
    if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return {};
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return {};
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
    if (size < 0) return {};
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return name;
}

std::string Tls::server_end_point() const {
    X509* certificate = SSL_get_certificate(ssl_);
    int digest = NID_undef;
    if (certificate == nullptr ||
        OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, nullptr) == 0) {
        return {};
    }
    // MD5 and SHA-1 stand for SHA-256.
    const bool weak = digest == NID_md5 || digest == NID_sha1;
    const EVP_MD* algorithm = weak ? EVP_sha256() : EVP_get_digestbynid(digest);
    if (algorithm == nullptr) return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (X509_digest(certificate, algorithm, hash.data(), &size) != 1) return {};
    return {reinterpret_cast<const char*>(hash.data()), size};
}

}  // namespace weir::loop
