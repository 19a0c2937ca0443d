//! A network that can be cut: connections to somebody go through here.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Everything arrives.
    Whole,
    /// Connections end, and new ones are ended at once.
    Cut,
    /// Connections stay, and nothing arrives any more.
    Silent,
}

/// What stands between two programs.
pub struct Proxy {
    pub address: SocketAddr,
    network: Arc<watch::Sender<Network>>,
    accepting: AbortHandle,
}

impl Proxy {
    /// In front of a program that listens at `to`.
    pub async fn before(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(watch::Sender::new(Network::Whole));
        let state = network.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                tokio::spawn(carry(inside, to, state.clone()));
            }
        });
        Self { address, network, accepting: accepting.abort_handle() }
    }

    /// From now on. Connections that fell silent never speak again.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut inside: TcpStream, to: SocketAddr, mut network: watch::Receiver<Network>) {
    if *network.borrow_and_update() == Network::Whole {
        let Ok(mut outside) = TcpStream::connect(to).await else { return };
        let _ = (inside.set_nodelay(true), outside.set_nodelay(true));
        tokio::select! {
            _ = copy_bidirectional(&mut inside, &mut outside) => return,
            _ = network.wait_for(|network| *network != Network::Whole) => {}
        }
    }
    if *network.borrow() == Network::Silent {
        // Held, so that the other side is not told.
        std::future::pending::<()>().await;
    }
}
