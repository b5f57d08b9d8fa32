"""The parts of the HTTP server; `ie_model.server.create_app` puts them together."""
