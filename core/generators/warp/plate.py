import cv2, numpy as np


def fill_behind(pixels, mask):
    small = cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    m = cv2.resize((mask > 0).astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0
    m = cv2.dilate(m.astype(np.uint8), np.ones((5, 5)))
    f = cv2.inpaint(small, m, 5, cv2.INPAINT_TELEA)
    big = cv2.resize(f, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.where((mask > 0)[..., None], big, pixels)


def foreground(pixels, plate, mask):
    a = np.maximum(mask, 0.05)[..., None]
    f = np.clip((pixels - (1 - mask[..., None]) * plate) / a, 0, 255).astype(pixels.dtype)
    return np.where((mask < 1)[..., None], f, pixels)
