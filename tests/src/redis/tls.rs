//! A certificate authority for one test, and a certificate of it for this machine.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Files in PEM.
#[derive(Debug)]
pub struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    /// Makes them and writes them to this folder.
    pub fn make(folder: &Path) -> Self {
        let root_key = KeyPair::generate().expect("a key can be made");
        let mut root = CertificateParams::new(Vec::new()).expect("no names are right names");
        // Named apart from what it signs: a certificate whose issuer has its own name counts as signed by itself.
        root.distinguished_name
            .push(DnType::CommonName, "authority of the suite");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_certificate = root.self_signed(&root_key).expect("it signs itself");
        let issuer = Issuer::new(root, root_key);
        let key = KeyPair::generate().expect("a key can be made");
        let names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
        let certificate = CertificateParams::new(names)
            .expect("right names")
            .signed_by(&key, &issuer)
            .expect("the authority signs");
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file can be written");
            path
        };
        Self {
            authority: write("authority.pem", root_certificate.pem()),
            certificate: write("certificate.pem", certificate.pem()),
            key: write("key.pem", key.serialize_pem()),
        }
    }

    /// The certificate of the authority.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The certificate of the server.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The key of the server.
    pub fn key(&self) -> &Path {
        &self.key
    }
}
