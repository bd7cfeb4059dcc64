path "*" { capabilities = ["sudo"] }
