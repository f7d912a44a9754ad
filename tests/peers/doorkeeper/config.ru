require_relative "app"

run Gitlab::Application
