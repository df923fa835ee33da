# The demo application; the dashboard is in the same image (compose.yaml runs either).
FROM python:3.12-slim

WORKDIR /app
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY redis_dash redis_dash
COPY demo_server demo_server
RUN pip install --no-cache-dir --constraint constraints.txt ".[demo]" \
    && useradd --create-home shop

USER shop
EXPOSE 8000
# One process only: the service that listens to the orders must not run twice.
CMD ["uvicorn", "demo_server.app:app", "--host", "0.0.0.0", "--port", "8000", "--no-proxy-headers", "--no-server-header"]
