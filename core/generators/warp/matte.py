import cv2, numpy as np


def find_head(pixels, face):
    H, W = pixels.shape[:2]
    pts = face.points[:, :2]
    d = face.eye_distance
    z = min(1, 60 / d)
    im = cv2.resize(pixels[..., :3], None, fx=z, fy=z, interpolation=cv2.INTER_AREA)
    h, w = im.shape[:2]
    p = pts * z
    d *= z
    m = np.full((h, w), cv2.GC_PR_BGD, np.uint8)
    c = p.mean(0)
    up = p[27] - p[8]
    up /= np.linalg.norm(up)
    e = c + up * d * 0.55
    cv2.ellipse(m, tuple(e.astype(int).tolist()), (int(1.0 * d), int(1.45 * d)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    m[int(min(h - 1, p[8, 1] + 0.5 * d)) :, max(0, int(c[0] - 1.2 * d)) : int(c[0] + 1.2 * d)] = cv2.GC_PR_FGD
    far = np.ones((h, w), np.uint8)
    cv2.ellipse(far, tuple(e.astype(int).tolist()), (int(1.9 * d), int(2.4 * d)), 0, 0, 360, 0, -1)
    far[int(min(h - 1, p[8, 1])) :] = 0
    m[far > 0] = cv2.GC_BGD
    hull = cv2.convexHull(np.concatenate([p, p[17:27] + up * d * 0.35]).astype(np.int32))
    cv2.fillConvexPoly(m, hull, cv2.GC_FGD)
    cv2.setRNGSeed(1)
    cv2.grabCut(im, m, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    f = ((m == 1) | (m == 3)).astype(np.uint8)
    n, l = cv2.connectedComponents(f)
    f = (l == l[int(c[1]), int(c[0])]).astype(np.float32)
    f = cv2.GaussianBlur(f, (0, 0), 1.5)
    return np.clip(cv2.resize(f, (W, H), interpolation=cv2.INTER_LINEAR), 0, 1)
