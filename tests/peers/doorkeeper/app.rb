# What of GitLab answers a sign-in: Doorkeeper, the library its OAuth runs on, configured as GitLab configures it
# (config/initializers/doorkeeper.rb), and the two API calls that show whether a token is any good (lib/api/api_guard.rb).
#
# DATABASE_URL names the SQLite file. Nobody signs in: the header X-Signed-In-As says whose browser it is.

require "action_controller/railtie"
require "active_record/railtie"
require "doorkeeper"

module Gitlab
  class Application < Rails::Application
    config.load_defaults 6.1
    config.root = __dir__
    config.logger = Logger.new($stdout)
    config.log_level = :info
    config.cache_classes = true
    config.eager_load = false
    # GitLab locks the row of a refresh token, SQLite cannot: one request at a time, and the second of two refreshes is refused as there.
    config.allow_concurrency = false
    config.consider_all_requests_local = true
    config.secret_key_base = SecureRandom.hex(64)
    config.hosts.clear
  end
end

Doorkeeper.configure do
  orm :active_record
  default_generator_method :hex
  resource_owner_authenticator { User.of_browser(request) || (redirect_to("/users/sign_in") && nil) }
  use_refresh_token
  access_token_expires_in 7200
  enforce_configured_scopes
  force_ssl_in_redirect_uri false
  forbid_redirect_uri { |uri| %w[data vbscript javascript].include?(uri.scheme.to_s.downcase) }
  default_scopes :api
  optional_scopes :read_api, :read_user, :read_repository, :write_repository
  access_token_methods :from_access_token_param, :from_bearer_authorization, :from_bearer_param
  hash_token_secrets
  hash_application_secrets
  grant_flows %w[authorization_code password client_credentials]
  skip_authorization { |_resource_owner, client| client.application.trusted? }
  base_controller "ActionController::Base"
end

Gitlab::Application.initialize!

# As Doorkeeper's generators write them, but without `previous_refresh_token`:
# GitLab has no such column, and so a refresh token ends with its first use.
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:users) { |t| t.string :username, null: false, index: { unique: true } }

  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri, null: false
    t.string :scopes, null: false, default: ""
    t.boolean :confidential, null: false, default: true
    t.boolean :trusted, null: false, default: false
    t.timestamps null: false
  end

  create_table :oauth_access_grants do |t|
    t.references :resource_owner, null: false
    t.references :application, null: false
    t.string :token, null: false, index: { unique: true }
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ""
    t.string :code_challenge
    t.string :code_challenge_method
  end

  create_table :oauth_access_tokens do |t|
    t.references :resource_owner
    t.references :application
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token, index: { unique: true }
    t.integer :expires_in, default: 7200
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
  end
end

class User < ActiveRecord::Base
  def self.of_browser(request)
    username = request.headers["X-Signed-In-As"].presence
    username && find_or_create_by!(username: username)
  end
end

module Api
  # GET /api/v4/user and /api/v4/version: what a token is good for.
  class GuardedController < ActionController::API
    before_action :check_token

    def user
      user = User.find(@token.resource_owner_id)
      render json: {
        id: user.id, username: user.username, name: user.username.capitalize, state: "active", locked: false,
        avatar_url: nil, web_url: "#{request.base_url}/#{user.username}", email: "#{user.username}@example.com",
      }
    end

    def version
      render json: { version: "17.5.1-ee", revision: "e4e1a2b3c4d" }
    end

    private

    SCOPES = %w[api read_api read_user].freeze

    def check_token
      sent = Doorkeeper::OAuth::Token.from_request(request, *Doorkeeper.config.access_token_methods)
      return render(json: { message: "401 Unauthorized" }, status: :unauthorized) if sent.blank?

      @token = Doorkeeper::AccessToken.by_token(sent)
      if @token.nil? then refuse("Bad Access Token.")
      elsif @token.expired? then refuse("Token is expired. You can either do re-authorization or token refresh.")
      elsif @token.revoked? then refuse("Token was revoked. You have to re-authorize from the user.")
      elsif (@token.scopes.to_a & SCOPES).empty? then forbid
      end
    end

    def refuse(description)
      response.headers["WWW-Authenticate"] =
        %(Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="#{description}")
      render json: { error: "invalid_token", error_description: description }, status: :unauthorized
    end

    def forbid
      description = "The request requires higher privileges than provided by the access token."
      render json: { error: "insufficient_scope", error_description: description, scope: SCOPES.join(" ") }, status: :forbidden
    end
  end

  # POST /api/v4/applications and the like: what a GitLab administrator does. Open to all here.
  class ApplicationsController < ActionController::API
    def create
      application = Doorkeeper::Application.new(params.permit(:name, :redirect_uri, :scopes, :confidential, :trusted))
      application.save ? present(application, :created) : render(json: { message: application.errors }, status: :bad_request)
    end

    def renew_secret
      application = Doorkeeper::Application.find(params[:id])
      application.renew_secret
      application.save!
      present(application, :created)
    end

    def destroy
      Doorkeeper::Application.find(params[:id]).destroy
      head :no_content
    end

    # Not GitLab's: makes everything that the application was given older by `seconds`.
    def age
      [Doorkeeper::AccessToken, Doorkeeper::AccessGrant].each do |given|
        given.where(application_id: params[:id]).find_each do |one|
          one.update_columns(created_at: one.created_at - params[:seconds].to_f)
        end
      end
      head :no_content
    end

    private

    def present(application, status)
      shown = {
        id: application.id, application_id: application.uid, application_name: application.name,
        callback_url: application.redirect_uri, confidential: application.confidential, secret: application.plaintext_secret,
      }
      render json: shown, status: status
    end
  end
end

Rails.application.routes.draw do
  use_doorkeeper { skip_controllers :applications }
  get "users/sign_in", to: ->(_) { [200, { "Content-Type" => "text/html" }, ["<h1>Sign in</h1>"]] }
  scope "api/v4", module: "api" do
    get "user", to: "guarded#user"
    get "version", to: "guarded#version"
    resources :applications, only: %i[create destroy] do
      post "renew-secret", on: :member, action: :renew_secret
      post "age", on: :member
    end
  end
end
